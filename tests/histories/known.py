"""What histories find and the package still does: each kind, and why.

A kind that is mended is taken out of here; ``found/`` keeps a history of each, which then has to
go well. A history goes on after a violation of a known kind, so that it does not hide others.
"""

from __future__ import annotations

KNOWN: dict[str, str] = {
    "no rest": "A suspicion of a live quantity below ours may never end (seed 236).",
    "too many zeros": "A zero beyond the guard leaves after a run was approved (seed 207).",
}
