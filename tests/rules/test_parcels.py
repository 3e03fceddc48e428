"""Where a parcel of ours stands among the packages that Amazon shows of its order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from django_amazon_sync.data import OrderPackage
from django_amazon_sync.rules.parcels import Parcel, Standing, number_of, standing_of

OURS = Parcel(2, "JD-01 23", {"a": 2})


def shown(reference: str, tracking: str = "JD0123", status: str = "SHIPPED", **items: int) -> Any:
    return OrderPackage(reference, status, "DHL", tracking, tuple(items.items()))


def standing(*packages: OrderPackage, parcel: Parcel = OURS, **spoken_for: int) -> Standing:
    return standing_of(
        parcel, packages, ours={1, 2}, spoken_for=spoken_for, ordered={"a": 3, "b": 1}
    )


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ([], Standing.ABSENT),
        ([shown("2", a=2)], Standing.SEEN),
        ([shown(" 2 ", "jd0123", a=1), shown("2", a=1)], Standing.SEEN),
        ([shown("02", a=2)], Standing.SEEN),
        # What Amazon leaves out contradicts nothing.
        ([shown("2", "", a=2)], Standing.SEEN),
        ([shown("2")], Standing.SEEN),
        ([shown("2", "JD9", a=2)], Standing.OTHER_NUMBER),
        ([shown("2", a=1)], Standing.OTHER_ITEMS),
        ([shown("2", a=2, b=1)], Standing.OTHER_ITEMS),
        ([shown("2", a=2, status="CANCELLED")], Standing.ABSENT),
        # The same tracking number under another reference of ours.
        ([shown("1", a=2)], Standing.ABSENT),
        # Somebody else's: the same number, no room, room.
        ([shown("77", a=2)], Standing.OTHERS),
        ([shown("", "X", a=3)], Standing.OTHERS),
        ([shown("abc", "X", a=2)], Standing.OTHERS),
        ([shown("77", "X", a=2, status="CANCELLED")], Standing.ABSENT),
        ([shown("77", "X", a=1)], Standing.ABSENT),
        ([shown("77", "X", b=1)], Standing.ABSENT),
        ([shown("1", "Y", a=1), shown("77", "X", a=1)], Standing.NO_ROOM),
    ],
)
def test_where_it_stands(packages: list[OrderPackage], expected: Standing) -> None:
    assert standing(*packages) is expected


def test_one_package_stands_for_one_parcel() -> None:
    theirs = shown("77", "X", a=2)
    assert standing(theirs) is Standing.OTHERS
    assert standing(theirs, a=2) is Standing.NO_ROOM


def test_a_reference_that_never_left_is_not_ours() -> None:
    waiting = Parcel(2, "JD0123", {"a": 2}, left=False)
    found = standing_of(waiting, [shown("2", a=2)], ours={1}, spoken_for={}, ordered={"a": 3})
    assert found is Standing.OTHERS


def test_without_a_tracking_number_nothing_is_the_same() -> None:
    waiting = Parcel(2, "", {"a": 1}, left=False)
    assert standing(shown("77", "", a=1), parcel=waiting) is Standing.ABSENT


def test_a_parcel_without_items_is_nobodys() -> None:
    assert standing(shown("77", a=2), parcel=Parcel(2, "JD0123", {})) is Standing.ABSENT


@pytest.mark.parametrize("reference", ["", "abc", "-1", "1.5", "1" * 9, "²"])
def test_what_is_no_number_of_ours(reference: str) -> None:
    assert number_of(shown(reference)) == 0


@pytest.mark.parametrize(
    ("corrected", "expected"),
    [
        ("", Standing.SEEN),
        ("dhl", Standing.SEEN),
        ("DHL-Paket", Standing.SEEN),
        ("GLS", Standing.OTHER_CARRIER),
    ],
)
def test_a_correction_is_not_proven_by_the_carrier_before(
    corrected: str, expected: Standing
) -> None:
    parcel = replace(OURS, corrected_carrier=corrected)
    assert standing(shown("2", a=2), parcel=parcel) is expected
    for unknown in ("", "Other"):
        assert standing(replace(shown("2", a=2), carrier=unknown), parcel=parcel) is Standing.SEEN
