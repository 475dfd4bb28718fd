"""Networks: declarations that build Keras models, and edits that change them."""
