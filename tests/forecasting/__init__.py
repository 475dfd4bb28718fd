"""Tests of the forecasting floor."""
