"""Tests of the baselines, the conformal intervals and the scores."""
