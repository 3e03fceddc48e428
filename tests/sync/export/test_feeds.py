"""Many changes at once go by feed; what may not wait goes by patch; each feed is settled once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync.amazon import feeds as gateway
from django_amazon_sync.models import (
    Job,
    Listing,
    Outcome,
    RunState,
    Submission,
    SubmissionState,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts.connect import pause
from django_amazon_sync.testing.simulator import Fault, Switches
from tests.world import World, lines_of

pytestmark = pytest.mark.django_db

SKUS = ["RED", "BLUE", "GREEN", "WHITE"]


@pytest.fixture
def shop(world: World, settings: Any) -> World:
    """A shop with more changes than patches are meant for: all prices and all stock."""
    settings.AMAZON_SYNC = {
        **settings.AMAZON_SYNC,
        "FEED_THRESHOLD": 2,
        "RUN_MOVE_COUNT": 100,
    }
    for sku in SKUS:
        world.sell(sku, price="11.00", quantity=40)
    assert world.export().went_well
    for sku in SKUS:
        change(sku, price="12.00", num_in_stock=30)
    return world


def change(sku: str, **columns: Any) -> None:
    record = get_model("partner", "StockRecord").objects.get(partner_sku=sku)
    for name, value in columns.items():
        setattr(record, name, value)
    record.save()


def settle(world: World, after: timedelta = timedelta(hours=1)) -> list[SyncRun]:
    """Let Amazon work and do what tick does until nothing is due; returns the settling runs."""
    world.amazon.advance(after.total_seconds())
    Submission.objects.exclude(not_before=None).update(not_before=timezone.now())
    settled = []
    for _turn in range(4):
        world.import_orders()  # rises wait for them
        for run in jobs.due_runs():
            if run.job in (Job.SETTLE, Job.CHANGES):
                done = jobs.perform(run, patience=5)
                settled += [done] if done.pk and done.job == Job.SETTLE else []
    return settled


def feeds() -> list[Submission]:
    return list(Submission.objects.filter(kind=Submission.Kind.FEED).order_by("pk"))


def created(world: World) -> int:
    return len(world.amazon.requests_of("createFeed"))


def test_many_changes_go_by_one_feed_and_are_settled(shop: World) -> None:
    before = shop.writes()
    run = shop.export()
    assert run.went_well
    assert run.counts["in_feeds"] == 4
    assert (created(shop), shop.writes()) == (1, before)

    (settled,) = settle(shop)

    assert settled.went_well
    assert {(sku, outcome) for sku, outcome in lines_of(settled, "sku", "outcome")} == {
        (sku, Outcome.SENT) for sku in SKUS
    }
    assert feeds()[0].state == SubmissionState.DONE
    for sku in SKUS:
        live = shop.live(sku)
        assert (str(live.price), live.quantity) == ("12.00", 30)
        listing = shop.listing(sku)
        assert listing.accepted["price"] == "12.00 EUR"
        assert listing.verified == listing.accepted
    again = shop.export()
    assert (again.counts.get("in_feeds"), again.counts.get("sent")) == (None, None)
    assert created(shop) == 1


def test_a_few_changes_go_by_patch(shop: World) -> None:
    for sku in SKUS[:2]:
        change(sku, price="11.00", num_in_stock=40)
    assert shop.export().counts["sent"] == 4
    assert created(shop) == 0


def test_low_stock_and_zeros_never_travel_by_feed(shop: World) -> None:
    change("RED", num_in_stock=0)
    change("BLUE", num_in_stock=10)
    change("GREEN", num_in_stock=19)  # less than half of what Amazon has
    run = shop.export()
    patched = {
        (sku, values["quantity"])
        for sku, values in lines_of(run, "sku", "values")
        if "quantity" in values
    }
    assert patched == {("RED", 0), ("BLUE", 10), ("GREEN", 19)}
    carried = {
        item.listing.sku.sku: item.values
        for item in feeds()[0].items.select_related("listing__sku")
    }
    assert {sku for sku, values in carried.items() if "quantity" in values} == {"WHITE"}
    settle(shop)
    assert [shop.live(sku).quantity for sku in SKUS] == [0, 10, 19, 30]


def test_what_is_in_a_feed_is_not_sent_again(shop: World) -> None:
    shop.export()
    writes = shop.writes()
    shop.export()
    shop.send_changes()
    assert (created(shop), shop.writes()) == (1, writes)


@pytest.mark.parametrize("amazon", [{"switches": Switches(feed_queue=7200)}], indirect=True)
def test_a_sale_in_the_shop_overtakes_a_feed_and_outlives_it(shop: World) -> None:
    shop.export()
    change("RED", num_in_stock=12, price="13.00")
    shop.send_changes()
    assert shop.live("RED").quantity == 12
    settle(shop, timedelta(hours=4))
    live = shop.live("RED")
    assert (str(live.price), live.quantity) == ("13.00", 12)
    assert shop.live("BLUE").quantity == 30
    assert shop.listing("RED").accepted == {**shop.listing("RED").accepted, "quantity": 12}


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
    assert shop.live("BLUE").quantity == 30


def test_a_refused_message_is_sent_once_more_by_patch(shop: World) -> None:
    change("RED", price=Decimal("900000000"))
    Listing.objects.update(approved={"price": "900000000.00 EUR"})
    shop.export()
    (settled, *_) = settle(shop)
    lines = settled.lines.filter(outcome=Outcome.REFUSED)
    assert [(line.sku, bool(line.code), "once more" in line.message) for line in lines] == [
        ("RED", True, True)
    ]
    assert shop.live("RED").quantity == 30  # the price alone is refused by its own patch
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
        assert (str(live.price), live.quantity) == ("12.00", 30)


@pytest.mark.parametrize("amazon", [{"switches": Switches(feed_outcome="stuck")}], indirect=True)
def test_a_feed_that_is_stuck_for_two_days_is_given_up(shop: World) -> None:
    shop.export()
    settle(shop, timedelta(hours=40))
    assert feeds()[0].state == SubmissionState.SENT
    settle(shop, timedelta(hours=9))
    assert feeds()[0].state == SubmissionState.FAILED
    assert "48 hours" in feeds()[0].reason
    assert [shop.live(sku).quantity for sku in SKUS] == [30] * 4


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
        assert (str(live.price), live.quantity) == ("12.00", 30)


def test_a_feed_that_amazon_has_no_time_for_is_sent_later(shop: World) -> None:
    shop.amazon.faults.add(Fault("createFeed", "429", times=1))
    assert shop.export().state == RunState.DONE
    assert feeds()[0].state == SubmissionState.UPLOADED
    settle(shop)
    settle(shop)
    assert feeds()[0].state == SubmissionState.DONE


def test_a_feed_that_amazon_does_not_take_goes_by_patch(shop: World) -> None:
    shop.amazon.faults.add(Fault("createFeed", "400", times=1))
    run = shop.export()
    assert Outcome.REFUSED in lines_of(run, "outcome")
    assert feeds()[0].state == SubmissionState.FAILED
    settle(shop)
    assert created(shop) == 1
    for sku in SKUS:
        live = shop.live(sku)
        assert (str(live.price), live.quantity) == ("12.00", 30)


def test_a_paused_account_sends_no_uploaded_feed(shop: World) -> None:
    shop.amazon.faults.add(Fault("createFeed", "429", times=1))
    shop.export()
    pause(shop.account, "staff")
    settle(shop)
    assert feeds()[0].state == SubmissionState.UPLOADED


def test_full_files_are_followed_by_others(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MOST_MESSAGES", 3)
    shop.export()
    assert [feed.items.count() for feed in feeds()] == [3, 1]
    settle(shop)
    assert [feed.state for feed in feeds()] == [SubmissionState.DONE] * 2
    assert [shop.live(sku).quantity for sku in SKUS] == [30] * 4


def test_a_worker_that_died_while_writing_leaves_nothing_behind(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(gateway, "create_feed_document", die)
        with pytest.raises(KeyboardInterrupt):
            shop.export()
    assert feeds()[0].state == SubmissionState.NEW
    shop.export()
    assert [feed.state for feed in feeds()] == [SubmissionState.FAILED, SubmissionState.SENT]
    settle(shop)
    assert [shop.live(sku).quantity for sku in SKUS] == [30] * 4


def test_listing_rows_never_say_verified_while_amazon_shows_something_else(shop: World) -> None:
    for sku in SKUS[:2]:
        shop.amazon.ignore_changes(shop.seller, sku, "A1PA6795UKMFR9")
    shop.export()
    settle(shop)
    for listing in Listing.objects.select_related("sku"):
        live = shop.live(listing.sku.sku)
        if listing.verified.get("quantity") == listing.accepted.get("quantity"):
            assert live.quantity == listing.verified["quantity"]
    assert "quantity" not in shop.listing("RED").verified
