"""What reproduces the paper's figures, and its flaws by numbers."""
