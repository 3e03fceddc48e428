"""Changes of a JSON document: of bytes that are changed at random hardly any is one still."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

from tests.amazon.odd import places

#: What stands where nobody expects it.
_ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, -0.0, 0.1, 1e300, 1e-300, 1.5, "",
    " ", "0", "-1", "1e5", "1e99", "1E-7", "NaN", "Infinity", "1,5", "1.000", "٣", "²", "\0",
    "\ud800", "\ufeff", "2026-11-24T10:00:00Z", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "2026-02-30", "20261124", "x" * 300, "9" * 80, "9" * 5000, "EUR",
    "JPY", [], {}, [[]], [{}], {"value": None}, {"amount": "1", "currencyCode": "EUR"},
]  # fmt: skip


def changed(data: bytes, room: int, seed: int) -> bytes | None:
    """The document with one to three changes; None where it is none, or grows too large."""
    dice = random.Random(seed)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    for _change in range(dice.randint(1, 3)):
        document = _changed(document, dice)
    try:
        written = json.dumps(document).encode()
    except (ValueError, RecursionError):
        return None
    return written if len(written) <= room else None


def _changed(document: Any, dice: random.Random) -> Any:
    there = list(places(document)) if isinstance(document, dict | list) else []
    if not there:
        return dice.choice(_ODD)
    *path, key = dice.choice(there)
    parent = document
    for step in path:
        parent = parent[step]
    kind = dice.randrange(6)
    if kind == 0:
        del parent[key]
    elif kind == 1:
        parent[key] = copy.deepcopy(_at(document, dice.choice(there)))
    elif kind == 2 and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    elif kind == 3 and isinstance(parent[key], str):
        parent[key] = _text(parent[key], dice)
    elif kind == 4:
        parent[key] = [parent[key]] if dice.random() < 0.5 else {"value": parent[key]}
    else:
        parent[key] = copy.deepcopy(dice.choice(_ODD))
    return document


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


def _text(text: str, dice: random.Random) -> str:
    """A sign more, less or another."""
    place = dice.randint(0, len(text))
    sign = dice.choice(["", chr(dice.randrange(1, 256)), dice.choice("0123456789.,-+eE:/;=% \t")])
    return text[:place] + sign + text[place + dice.randint(0, 1) :]
