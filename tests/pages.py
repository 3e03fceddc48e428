"""The pages of the documentation, and what is written in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


DOCS = sorted((ROOT / "docs").rglob("*.md"))


PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *DOCS,
]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
