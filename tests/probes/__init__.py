"""Tests of what is seen inside a model, on whichever backend KERAS_BACKEND names."""
