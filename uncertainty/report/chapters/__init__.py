"""The chapters of the page: one file a chapter, and their order."""
