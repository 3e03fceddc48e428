"""What a target is, and what every reader promises: types, bounds, and errors of its own only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from django_amazon_sync.errors import AmazonSyncError

CORPUS = Path(__file__).parent / "corpus"

#: Seconds of the processor that one run may take; the slowest takes a few hundredths.
LONGEST = 3.0

#: Bytes of an input that is looked for. What is long is for the tests of bounds.
LARGEST_INPUT = 8192

Run: TypeAlias = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    """One way in. ``readers`` are what it feeds; ``is_json``: inputs are changed as documents."""

    name: str
    run: Run
    readers: tuple[object, ...]
    is_json: bool

    def __call__(self, data: bytes) -> None:
        """Feed the readers. Raises AssertionError, or what a reader should not raise."""
        begun = time.process_time()
        self.run(data)
        took = time.process_time() - begun
        assert took < LONGEST, f"{self.name} took {took:.1f} seconds for {len(data)} bytes."

    @property
    def corpus(self) -> list[Path]:
        """The inputs that are kept."""
        return sorted((CORPUS / self.name).iterdir())


TARGETS: dict[str, Target] = {}


def target(*readers: object, is_json: bool = False) -> Callable[[Run], Run]:
    """Make a function a target under its own name."""

    def declare(run: Run) -> Run:
        TARGETS[run.__name__] = Target(run.__name__, run, readers, is_json)
        return run

    return declare


def name_of(reader: object) -> str:
    """The name in full of a function or a class."""
    return f"{getattr(reader, '__module__', '')}.{getattr(reader, '__qualname__', '')}"


@contextmanager
def may_raise(*errors: type[Exception]) -> Iterator[None]:
    """The reader's own errors end the block; their words can be shown and are bounded."""
    try:
        yield
    except errors as error:
        _check_words(error)


def _check_words(error: Exception) -> None:
    words = str(error)
    assert len(words) < 2 * LARGEST_INPUT
    if isinstance(error, AmazonSyncError):  # a row may keep them
        check_text(words)


# --- What may come out ---------------------------------------------------------------------------

#: Parts that are kept as Amazon wrote them, and are no figures of ours.
_AS_IT_CAME = {"attributes", "raw", "document"}


def check(value: object) -> None:
    """All figures in a value that was read are within bounds, and all texts can be stored."""
    for part in _within(value):
        check(part)
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, Decimal):
        assert value.is_finite(), value
        assert abs(value) < 10**20, value
    elif isinstance(value, date):
        assert 1990 <= value.year < 2200, value
        assert not isinstance(value, datetime) or value.tzinfo is not None, value
    elif isinstance(value, int):
        assert 0 <= value < 2**40, value
    else:
        known = isinstance(value, dict | list | tuple | set | frozenset) or is_dataclass(value)
        assert value is None or known, f"{value!r} is of no kind that a reader gives."


def _within(value: object) -> Iterator[object]:
    """The parts of a value that are held to bounds themselves."""
    if is_dataclass(value) and not isinstance(value, type):
        names = (field.name for field in fields(value))
        yield from (getattr(value, name) for name in names if name not in _AS_IT_CAME)
    elif isinstance(value, dict):
        yield from chain(value.keys(), value.values())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value


def check_text(value: str) -> None:
    """No NUL and no half of a character, which no database takes."""
    assert "\0" not in value, repr(value)
    value.encode()


def check_stored(document: object) -> None:
    """A document that is kept as it came can be stored."""
    if isinstance(document, str):
        check_text(document)
    elif isinstance(document, dict):
        for key, part in document.items():
            check_text(key)
            check_stored(part)
    elif isinstance(document, list):
        for part in document:
            check_stored(part)
