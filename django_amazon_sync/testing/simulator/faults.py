"""Faults by script: what goes wrong, on which call of which operation."""

import json
import random
import threading
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, get_args

FaultKind = Literal[
    "400",
    "403",
    "429",
    "500",
    "503",
    "empty",
    "half",
    "string",
    "drop_before",
    "500_after",
    "drop_after",
    "slow",
]

WITHOUT_EFFECT = frozenset({"400", "403", "429", "500", "503", "drop_before"})
"""The kinds that strike before the request takes effect; the others strike afterwards."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    ``operation``: an operation id of Amazon's models, "token" for Login with Amazon, or "*".
    ``kind``: an error status (503 with an HTML page), "empty" (200 with nothing), "half" (half
    a document under the length of the whole), "string" (a JSON string), "drop_before" and
    "drop_after" (the connection dies before or after the effect), "500_after" (500 though it
    took effect), "slow" (``seconds`` of real time in the middle of the body).
    ``skip`` lets that many matching calls pass; then it strikes ``times`` times (None: always),
    each time with ``probability``. ``details`` goes into the error body. ``seller_id``: only
    this seller is hit. ``about``: only a call is hit whose path, query or body has this text.
    """

    operation: str = "*"
    kind: FaultKind = "500"
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    details: str = ""
    seller_id: str = ""
    seconds: float = 1.0
    about: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            raise ValueError(
                f"Unknown kind of fault {self.kind!r}; there are {get_args(FaultKind)}."
            )


@dataclass
class _Armed:
    fault: Fault
    seen: int = 0
    struck: int = 0


class Faults:
    """The script: the first fault that matches a call strikes it."""

    def __init__(self, seed: int = 1) -> None:
        self._dice = random.Random(seed)
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Put a fault at the end of the script."""
        with self._lock:
            self._armed.append(_Armed(fault))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._armed.clear()

    def load(self, path: Path) -> None:
        """Add the faults of a JSON file: a list of objects with the fields of ``Fault``.

        Raises ValueError, naming the file, if it holds something else.
        """
        known = {field.name for field in fields(Fault)}
        rows = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError(f"{path} must hold a JSON list of objects, one per fault.")
        for row in rows:
            if unknown := set(row) - known:
                raise ValueError(f"{path}: unknown {sorted(unknown)}; a fault has {sorted(known)}.")
            self.add(Fault(**row))

    def strike(self, operation: str, seller_id: str = "", said: str = "") -> Fault | None:
        """The fault that hits this call of this seller, if any; ``said`` is all that it says."""
        with self._lock:
            for armed in self._armed:
                fault = armed.fault
                if fault.operation not in ("*", operation):
                    continue
                if fault.seller_id not in ("", seller_id) or fault.about not in said:
                    continue
                armed.seen += 1
                spent = fault.times is not None and armed.struck >= fault.times
                if armed.seen <= fault.skip or spent or self._dice.random() >= fault.probability:
                    continue
                armed.struck += 1
                return fault
        return None
