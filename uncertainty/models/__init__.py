"""Language models: one decoder for all families, and loading of weights."""
