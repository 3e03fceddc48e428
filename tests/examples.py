"""How many examples of hypothesis a test tries, where its own number is not the usual hundred."""

from __future__ import annotations

from hypothesis import settings

#: What .ci/run tries by its profile; `make test` tries a quarter of it, .ci/nightly ten times.
USUAL = 100


def examples(number: int) -> int:
    """As many as this run's profile makes of what .ci/run tries."""
    return max(1, number * settings().max_examples // USUAL)
