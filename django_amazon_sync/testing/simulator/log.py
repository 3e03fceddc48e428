"""What was asked and what was answered, for tests to look at."""

import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from .answers import Json

LENGTH = 10_000


@dataclass(frozen=True)
class RequestSeen:
    """One request. ``path`` is as it came, ``query`` decoded, ``body`` JSON.

    ``response`` is what the simulator meant to answer, as JSON, and ``fault`` the kind of the
    fault that came between, or "". ``at``: simulated seconds since 1970.
    """

    operation: str
    seller_id: str
    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    status: int
    at: float
    response: Any = None
    fault: str = ""


def new_log() -> deque[RequestSeen]:
    """An empty log, which forgets the oldest when it is full."""
    return deque(maxlen=LENGTH)


def readable(raw: bytes) -> Json | list[Any] | str | None:
    """A body as JSON if it is, else as text; None if there is none."""
    if not raw:
        return None
    try:
        document: Json | list[Any] = json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")
    return document
