"""Pictures for papers and slides: drawn once, written as PNG, SVG and PDF."""

from uncertainty.report.drawing.files import save
from uncertainty.report.drawing.scene import Circles, Line, Rect, Scene, Text

__all__ = ['Circles', 'Line', 'Rect', 'Scene', 'Text', 'save']
