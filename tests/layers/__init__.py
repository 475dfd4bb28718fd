"""Tests of the layers, on whichever backend KERAS_BACKEND names."""
