"""Every item of a study beside the page: compressed chunks, read on demand."""

from uncertainty.report.items.folder import write

__all__ = ['write']
