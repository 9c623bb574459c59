"""The tables on disk: what a run writes, item by item, and reads back."""
