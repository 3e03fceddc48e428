"""Whose address a buyer's e-mail address is."""

from __future__ import annotations

import re

_RELAY = re.compile(r"@(?:[^@\s]*\.)?marketplace\.amazon\.", re.IGNORECASE)


def is_relay(email: str) -> bool:
    """Whether the address is Amazon's own, or missing: it says nothing of who the buyer is."""
    return not email.strip() or _RELAY.search(email) is not None
