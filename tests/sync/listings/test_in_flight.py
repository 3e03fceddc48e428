"""What open submissions carry, and which of them nobody waits for any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import Listing, Submission, SubmissionItem, SubmissionState
from django_amazon_sync.sync.listings.in_flight import (
    InFlight,
    fields_on_their_way,
    in_feeds,
    left_behind,
    underway,
    unfinished_files,
)
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory, SubmissionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing(db: None) -> Listing:
    account = LiveAccountFactory.create()
    return ListingInStepFactory.create(marketplace__account=account)


def patch(
    listing: Listing,
    state: str = SubmissionState.SENT,
    deadline: datetime | None = None,
    kind: str = Submission.Kind.PATCH,
    **values: Any,
) -> Submission:
    return SubmissionFactory.create(
        listing=listing, item__values=values, state=state, deadline=deadline, kind=kind
    )


def feed(listing: Listing, state: str = SubmissionState.SENT, **values: Any) -> Submission:
    return patch(listing, state, kind=Submission.Kind.FEED, **values)


def test_feeds_carry_what_is_not_settled_until_they_are_done(listing: Listing) -> None:
    feed(listing, price="1.00 EUR")
    feed(listing, SubmissionState.UPLOADED, quantity=3)
    settled = feed(listing, name="Mug")
    SubmissionItem.objects.filter(submission=settled).update(settled=True)
    assert in_feeds([listing.pk])[listing.pk].carried == {"price": "1.00 EUR", "quantity": 3}


@pytest.mark.parametrize("state", [SubmissionState.SENT, SubmissionState.DONE])
def test_what_a_later_patch_overtook_is_not_on_its_way(listing: Listing, state: str) -> None:
    feed(listing, price="1.00 EUR", quantity=3)
    patch(listing, state, price="3.00 EUR")
    assert in_feeds([listing.pk])[listing.pk].carried == {"quantity": 3}


def test_a_patch_that_failed_overtakes_nothing(listing: Listing) -> None:
    feed(listing, price="1.00 EUR")
    patch(listing, SubmissionState.FAILED, price="3.00 EUR")
    assert in_feeds([listing.pk])[listing.pk].carried == {"price": "1.00 EUR"}


@pytest.mark.parametrize(
    ("carried", "version", "left"),
    [
        ({}, -1, {"price", "quantity"}),
        ({"price": "1.00 EUR", "quantity": 5}, 7, set()),
        ({"price": "2.00 EUR", "quantity": 5}, 7, {"price"}),
        ({"price": "1.00 EUR", "quantity": 5}, 6, {"quantity"}),
    ],
    ids=["nothing", "all of it", "another price", "a quantity from before an order"],
)
def test_what_a_feed_carries_is_not_sent_again(
    carried: dict[str, Any], version: int, left: set[str]
) -> None:
    mine = InFlight(carried, version)
    assert mine.without({"price": "1.00 EUR", "quantity": 5}, 7) == left


def test_the_outcome_of_patches_and_feeds_is_open_until_it_is_known(listing: Listing) -> None:
    feed(listing, price="1.00 EUR")
    patch(listing, SubmissionState.UNKNOWN, quantity=3)
    patch(listing, SubmissionState.FAILED, title="Mug")
    assert fields_on_their_way([listing.pk]) == {listing.pk: {"price", "quantity"}}


def test_a_request_of_this_moment_keeps_its_place_and_a_feed_keeps_none(listing: Listing) -> None:
    feed(listing, quantity=3)
    patch(listing, SubmissionState.UNKNOWN, name="Mug")
    patch(listing, SubmissionState.NEW, price="1.00 EUR")
    busy = underway([listing.sku_id])
    assert busy.has(listing.pk, listing.sku_id, ["price"])
    assert busy.has(listing.pk, listing.sku_id, ["minimum_price"])  # of the same offer
    assert not busy.has(listing.pk, listing.sku_id, ["quantity", "name"])


def test_the_place_of_a_quantity_is_the_skus_in_all_marketplaces(listing: Listing) -> None:
    patch(listing, quantity=3)
    busy = underway([listing.sku_id])
    assert busy.has(listing.pk + 1, listing.sku_id, ["quantity"])
    assert busy.has(listing.pk + 1, listing.sku_id, ["handling_time"])
    assert not busy.has(listing.pk + 1, listing.sku_id, ["price"])


def test_what_is_past_its_time_or_had_no_answer_is_left_behind(listing: Listing) -> None:
    account = listing.sku.account
    late, soon = clock.now() - timedelta(minutes=3), clock.now() + timedelta(seconds=20)
    over = patch(listing, deadline=late, price="1.00 EUR")
    patch(listing, deadline=soon, price="2.00 EUR")
    silent = patch(listing, SubmissionState.UNKNOWN, deadline=soon, price="3.00 EUR")
    patch(listing, SubmissionState.DONE, deadline=late, price="4.00 EUR")
    feed(listing, deadline=late, price="5.00 EUR")
    assert list(left_behind(account)) == [over, silent]


def test_a_file_that_nobody_writes_to_is_unfinished(listing: Listing) -> None:
    late, soon = clock.now() - timedelta(seconds=3), clock.now() + timedelta(minutes=5)
    dead = feed(listing, SubmissionState.NEW, deadline=late, price="1.00 EUR")
    feed(listing, SubmissionState.NEW, deadline=soon, price="1.00 EUR")
    assert list(unfinished_files(listing.sku.account)) == [dead]
