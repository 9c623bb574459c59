"""What uncertainty is, as numbers: the measures, and their one table."""
