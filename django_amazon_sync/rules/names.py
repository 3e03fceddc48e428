"""Which name goes to Amazon."""

from __future__ import annotations

import unicodedata

#: Amazon's general limit for item_name (docs/amazon.md#titles-have-at-most-200-characters).
LONGEST_NAME = 200


def name_problem(title: str) -> str:
    """What keeps a title from being sent, in one sentence; empty where nothing does."""
    if not title.strip():
        return "The shop has no title for it; give it one."
    if any(unicodedata.category(character) == "Cc" for character in title):
        return "The title holds control characters; remove them in the shop."
    if len(title) > LONGEST_NAME:
        return f"The title has {len(title)} characters and Amazon takes {LONGEST_NAME}; shorten it."
    return ""
