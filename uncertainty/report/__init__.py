"""The report page. Reads only what analysis wrote."""

from uncertainty.report.page import write

__all__ = ['write']
