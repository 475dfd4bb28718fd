"""Tests of the report: what its page says, and that it says so alone."""
