"""What open submissions carry, and who may settle what a worker left open."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import Job, Listing, Submission, SubmissionItem, SubmissionState
from django_amazon_sync.sync.accounts.connect import client_for
from django_amazon_sync.sync.listings.in_flight import (
    abandoned_jobs,
    fields_on_their_way,
    not_on_its_way,
    slots_underway,
    values_in_feeds,
)
from django_amazon_sync.sync.offers.fields import FIELDS
from django_amazon_sync.sync.runs import leases
from django_amazon_sync.sync.runs.work import Work, lease_key
from django_amazon_sync.testing.factories import SyncRunFactory
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory, SubmissionFactory
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing(db: None) -> Listing:
    account = LiveAccountFactory.create()
    return ListingInStepFactory.create(marketplace__account=account)


def patch(listing: Listing, state: str = SubmissionState.SENT, **values: Any) -> Submission:
    return SubmissionFactory.create(listing=listing, item__values=values, state=state)


def feed(listing: Listing, state: str = SubmissionState.SENT, **values: Any) -> Submission:
    return SubmissionFactory.create(
        listing=listing, item__values=values, state=state, kind=Submission.Kind.FEED
    )


def test_feeds_carry_what_is_not_settled_until_they_are_done(listing: Listing) -> None:
    feed(listing, price="1.00 EUR")
    feed(listing, SubmissionState.UPLOADED, quantity=3)
    feed(listing, SubmissionState.DONE, price="2.00 EUR")
    patch(listing, price="3.00 EUR")
    settled = feed(listing, quantity=4)
    SubmissionItem.objects.filter(submission=settled).update(settled=True)
    carried = values_in_feeds([listing.pk])[listing.pk]
    assert [values for values, _epoch in carried] == [{"price": "1.00 EUR"}, {"quantity": 3}]


@pytest.mark.parametrize(
    ("carried", "left"),
    [
        ([], {"price": "1.00 EUR", "quantity": 5}),
        ([({"price": "1.00 EUR", "quantity": 5}, 7)], {}),
        ([({"price": "1.00 EUR"}, 7), ({"price": "2.00 EUR"}, 7)],
         {"price": "1.00 EUR", "quantity": 5}),
        ([({"price": "1.00 EUR", "quantity": 5}, 6)], {"quantity": 5}),
    ],
    ids=["nothing", "all of it", "a later feed counts", "a quantity from before an order"],
)  # fmt: skip
def test_what_a_feed_carries_is_not_sent_again(
    carried: list[tuple[dict[str, Any], int]], left: dict[str, Any]
) -> None:
    assert not_on_its_way({"price": "1.00 EUR", "quantity": 5}, carried, 7) == left


def test_the_outcome_of_patches_and_feeds_is_open_until_it_is_known(listing: Listing) -> None:
    feed(listing, price="1.00 EUR")
    patch(listing, SubmissionState.UNKNOWN, quantity=3)
    patch(listing, SubmissionState.FAILED, title="Mug")
    assert fields_on_their_way([listing.pk]) == {listing.pk: {"price", "quantity"}}


def test_a_request_of_this_moment_keeps_its_place_and_a_feed_keeps_none(listing: Listing) -> None:
    feed(listing, quantity=3)
    patch(listing, SubmissionState.UNKNOWN, title="Mug")
    patch(listing, SubmissionState.NEW, price="1.00 EUR")
    assert slots_underway([listing.pk]) == {listing.pk: {FIELDS["price"].slot.key}}


def test_who_is_at_work_settles_what_is_its_own(world: World) -> None:
    """The others wait until the lease is free, and none begins while somebody settles for it."""
    run = SyncRunFactory.create(account=world.account, job=Job.SETTLE)
    with leases.lease(lease_key(Job.SETTLE, world.account.pk)) as held:
        work = Work(run, world.account, world.shop, client_for(world.account), held)
        with leases.lease(lease_key(Job.CHANGES, world.account.pk)):
            assert list(abandoned_jobs(work)) == [Job.EXPORT]
        for job in abandoned_jobs(work):
            assert leases.busy(lease_key(job, world.account.pk))
    assert not leases.busy(lease_key(Job.CHANGES, world.account.pk))
