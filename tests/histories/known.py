"""What histories find and the package still does: each kind, and why.

A kind that is mended is taken out of here; ``found/`` keeps a history of each, which then has to
go well. A history goes on after a violation of a known kind, so that it does not hide others.
"""

from __future__ import annotations

KNOWN: dict[str, str] = {}
