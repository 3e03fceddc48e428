"""What a change of a rule changes, counted before it is saved, against the difference report.

A markup changes each price, so each listing's state is read and decided about; a lowest price below
all prices changes none, as most changes of a rule do.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from benchmarks.catalogue import fill
from benchmarks.diff import look_at_all, look_at_some
from benchmarks.ground import (
    QUICK,
    Ratio,
    alternately,
    drop_database,
    in_child,
    make_database,
)
from django_amazon_sync.models import Marketplace
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.export.rule_changes import RuleChange, effects_of
from django_amazon_sync.sync.offers.desired import Rules

AIM = 4.0

#: Listings, and the rounds that are taken of each.
SIZES = {100_000: 3}

CHANGES = {"a markup, which changes each": ("markup_percent", Decimal(10)),
           "a lowest price, which changes none": ("price_floor", Decimal(1))}  # fmt: skip


def measure(*, quick: bool) -> Iterator[Ratio]:
    for size, rounds in (QUICK if quick else SIZES).items():
        yield from at_size(size, rounds)


def at_size(size: int, rounds: int) -> Iterator[Ratio]:
    in_child(make_database)
    try:
        in_child(fill, size)
        for name, (column, value) in CHANGES.items():
            ours, diff, memory = in_child(times, rounds, column, value, size)
            what = f"{name} of {size:,} listings / their difference report"
            yield Ratio(what, ours, diff, AIM, memory)
    finally:
        in_child(drop_database)


def times(rounds: int, column: str, value: Decimal, size: int) -> tuple[float, float, float]:
    look_at_some()
    changed = size if column == "markup_percent" else 0
    return alternately(partial(foresee, column, value, changed), look_at_all, rounds)


def foresee(column: str, value: Decimal, changed: int) -> None:
    place = Marketplace.objects.select_related("account").get()
    before = Rules.of(place)
    setattr(place, column, value)
    change = RuleChange(place.account, {place.pk: before}, {place.pk: Rules.of(place)})
    found = effects_of(change, configured_shop(), 600)
    assert (found.concerned, found.cut_after) == (changed, None)
