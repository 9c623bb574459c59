"""Results stacked into arrays once, and every measure scored once."""
