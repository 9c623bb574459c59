"""The ways of asking, named as prompt.answer names them."""
