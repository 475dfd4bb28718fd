"""Tests of normcast."""
