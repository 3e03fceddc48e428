"""What became of each message of a feed, whatever Amazon tells of it, or does not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.models import Listing, Outcome, SubmissionState
from django_amazon_sync.testing.simulator import Fault, Switches
from tests.sync.export.steps import SKUS, change, created, feeds, settle
from tests.world import World, lines_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("amazon", [{"switches": Switches(feed_applies_late=7200)}], indirect=True)
def test_a_feed_that_is_applied_after_it_was_done_is_found_out(shop: World) -> None:
    shop.export()
    settle(shop, timedelta(minutes=30))
    change("RED", num_in_stock=12)
    shop.send_changes()
    shop.amazon.advance(4 * 3600)
    shop.verify()
    shop.send_changes()
    assert shop.live("RED").quantity == 12
    assert shop.live("BLUE").quantity == 50


def test_a_refused_message_is_sent_once_more_by_patch(shop: World) -> None:
    change("RED", price=Decimal("900000000"))
    Listing.objects.update(approved={"price": "900000000.00 EUR"})
    shop.export()
    (settled, *_) = settle(shop)
    lines = settled.lines.filter(outcome=Outcome.REFUSED)
    assert [(line.sku, bool(line.code), "once more" in line.message) for line in lines] == [
        ("RED", True, True)
    ]
    assert shop.live("RED").quantity == 50  # the price alone is refused by its own patch
    assert shop.listing("RED").refused == {"price": "900000000.00 EUR"}
    writes = shop.writes()
    settle(shop)
    shop.export()
    assert (shop.writes(), created(shop)) == (writes, 1)


@pytest.mark.parametrize(
    ("amazon", "says"),
    [
        ({"switches": Switches(feed_outcome="fatal")}, "FATAL"),
        ({"switches": Switches(feed_outcome="cancelled")}, "cancelled"),
        ({"switches": Switches(feed_report="missing")}, "no processing report"),
        ({"switches": Switches(feed_report="truncated")}, "processing report"),
        ({"switches": Switches(feed_report="foreign")}, "nothing of it was taken in"),
        ({"switches": Switches(feed_report="unsent")}, "messages that were never sent"),
    ],
    indirect=["amazon"],
)
def test_what_nobody_can_tell_is_read_back_and_sent_anew(shop: World, says: str) -> None:
    shop.export()
    runs = settle(shop) + settle(shop, timedelta(hours=7))
    said = [message for run in runs for message in lines_of(run, "message")]
    assert len([message for message in said if says in message]) == 1
    assert created(shop) == 1  # a day of patches follows a feed that failed
    for sku in SKUS:
        live = shop.live(sku)
        assert (str(live.price), live.quantity) == ("12.00", 50)


@pytest.mark.parametrize("amazon", [{"switches": Switches(feed_outcome="stuck")}], indirect=True)
def test_a_feed_that_is_stuck_for_two_days_is_given_up(shop: World) -> None:
    shop.export()
    settle(shop, timedelta(hours=40))
    assert feeds()[0].state == SubmissionState.SENT
    settle(shop, timedelta(hours=9))
    assert feeds()[0].state == SubmissionState.FAILED
    assert "48 hours" in feeds()[0].reason
    assert [shop.live(sku).quantity for sku in SKUS] == [50] * 4


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_feed_whose_creation_got_no_answer_is_not_sent_twice(shop: World, kind: Any) -> None:
    shop.amazon.faults.add(Fault("createFeed", kind, times=1))
    shop.export()
    assert feeds()[0].state == SubmissionState.UNKNOWN
    for _again in range(3):
        settle(shop, timedelta(minutes=20))
    made = shop.amazon.feeds(shop.seller)
    assert len(made) <= 1
    for sku in SKUS:
        live = shop.live(sku)
        assert (str(live.price), live.quantity) == ("12.00", 50)


def test_listing_rows_never_say_verified_while_amazon_shows_something_else(shop: World) -> None:
    for sku in SKUS[:2]:
        shop.amazon.ignore_changes(shop.seller, sku, "A1PA6795UKMFR9")
    shop.export()
    settle(shop)
    for listing in Listing.objects.select_related("sku"):
        live = shop.live(listing.sku.sku)
        if listing.verified.get("quantity") == listing.believed.get("quantity"):
            assert live.quantity == listing.verified["quantity"]
    assert "quantity" not in shop.listing("RED").verified
