"""Layers for conv-recurrent networks, on every Keras backend."""
