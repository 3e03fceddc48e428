"""What is proven grows without a gap, in every marketplace; a time is asked for in short pieces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from django_amazon_sync.models import Marketplace, SellerAccount
from django_amazon_sync.sync.amazon_reports.fetch import Span
from django_amazon_sync.sync.reconciliation.proof import (
    LONGEST,
    OVERLAP,
    Proof,
    beginning,
    prove,
    proven,
    spans,
)
from tests.world import FR, World

START = datetime(2026, 11, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


@pytest.mark.parametrize("days", [0.5, 29, 30, 30.5, 31, 59, 60, 400])
def test_pieces_are_short_overlap_and_leave_no_gap(days: float) -> None:
    found = list(spans(day(0), day(days)))
    assert found[0].since == day(0)
    assert found[-1].until == day(days)
    assert all(span.since < span.until <= span.since + LONGEST for span in found)
    for before, after in zip(found, found[1:], strict=False):  # noqa: RUF007
        assert after.since == before.until - OVERLAP
    assert len(found) <= days / 29 + 1


def test_there_is_nothing_to_ask_for_before_the_end() -> None:
    assert list(spans(day(1), day(1))) == []


@pytest.fixture
def place(world: World) -> Marketplace:
    SellerAccount.objects.update(cut_over=day(0))
    return Marketplace.objects.select_related("account").get()


def test_a_proof_begins_at_the_cut_over_and_grows(place: Marketplace) -> None:
    assert proven(place.account) is None
    prove(place, Span(day(-1), day(5)), "R1")
    assert proven(place.account) == Proof(day(5), ("R1",))
    assert beginning(place) == day(5)
    prove(place, Span(day(4), day(9)), "R2")
    assert proven(place.account) == Proof(day(9), ("R2",))


@pytest.mark.parametrize(("since", "until"), [(6, 9), (-1, 4), (4, 5)])
def test_behind_a_gap_or_before_its_end_it_does_not_move(
    place: Marketplace, since: int, until: int
) -> None:
    prove(place, Span(day(-1), day(5)), "R1")
    prove(place, Span(day(since), day(until)), "R2")
    assert proven(place.account) == Proof(day(5), ("R1",))


def test_what_begins_after_the_cut_over_proves_nothing(place: Marketplace) -> None:
    prove(place, Span(day(1), day(5)), "R1")
    assert proven(place.account) is None


def test_an_account_is_proven_as_far_as_each_of_its_marketplaces(place: Marketplace) -> None:
    other = Marketplace.objects.create(account=place.account, code=FR, language="fr_FR")
    prove(place, Span(day(-1), day(5)), "R1")
    assert proven(place.account) is None
    prove(other, Span(day(-1), day(3)), "R2")
    assert proven(place.account) == Proof(day(3), ("R1", "R2"))


def test_a_cut_over_of_long_ago_begins_where_amazon_shows_orders(place: Marketplace) -> None:
    SellerAccount.objects.update(cut_over=datetime(2015, 1, 1, tzinfo=UTC))
    place.account.refresh_from_db()
    assert beginning(place) > datetime(2020, 1, 1, tzinfo=UTC)
