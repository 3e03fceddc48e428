"""Many changes at once go by feed; what may not wait goes by patch; each feed is settled once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.amazon import feeds as gateway
from django_amazon_sync.models import Outcome, RunState, SellerSku, Submission, SubmissionState
from django_amazon_sync.sync.accounts.connect import pause
from django_amazon_sync.sync.offers.fields import HANDLING_TIME
from django_amazon_sync.testing.simulator import Fault, Switches
from tests.sync.export.steps import SKUS, change, created, feeds, settle
from tests.world import World, lines_of

pytestmark = pytest.mark.django_db


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
        assert (str(live.price), live.quantity) == ("12.00", 50)
        listing = shop.listing(sku)
        assert listing.believed["price"] == "12.00 EUR"
        assert listing.verified == listing.believed
    again = shop.export()
    assert (again.counts.get("in_feeds"), again.counts.get("sent")) == (None, None)
    assert created(shop) == 1


def test_a_few_changes_go_by_patch(shop: World) -> None:
    for sku in SKUS[:2]:
        change(sku, price="11.00", num_in_stock=40)
    assert shop.export().counts["sent"] == 4
    assert created(shop) == 0


def test_falls_low_stock_and_zeros_never_travel_by_feed(shop: World, settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "FEED_THRESHOLD": 0}
    change("RED", num_in_stock=0)
    change("BLUE", num_in_stock=10)
    change("GREEN", num_in_stock=19)  # less than Amazon has
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
    assert [shop.live(sku).quantity for sku in SKUS] == [0, 10, 19, 50]


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
    assert shop.live("BLUE").quantity == 50
    assert shop.listing("RED").believed == {**shop.listing("RED").believed, "quantity": 12}


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
        assert (str(live.price), live.quantity) == ("12.00", 50)


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
    assert [shop.live(sku).quantity for sku in SKUS] == [50] * 4


def test_a_worker_that_died_while_writing_leaves_nothing_behind(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(gateway, "create_feed_document", die)
        with pytest.raises(KeyboardInterrupt):
            shop.export()
    Submission.objects.update(deadline=clock.now() - timedelta(seconds=1))  # a while later
    assert feeds()[0].state == SubmissionState.NEW
    shop.export()
    assert [feed.state for feed in feeds()] == [SubmissionState.FAILED, SubmissionState.SENT]
    settle(shop)
    assert [shop.live(sku).quantity for sku in SKUS] == [50] * 4


def test_what_was_sent_before_a_file_was_written_does_not_overtake_it(shop: World) -> None:
    shop.export()
    settle(shop)
    change("RED", num_in_stock=55)
    shop.send_changes()
    for sku in SKUS:
        change(sku, num_in_stock=70)
    shop.export()
    assert created(shop) == 2


def test_a_file_whose_lead_time_takes_a_quantity_along_is_given_up_once_an_order_came(
    shop: World,
) -> None:
    shop.export()
    settle(shop)
    SellerSku.objects.update(own_values={HANDLING_TIME: 3})
    shop.amazon.faults.add(Fault("createFeed", "429", times=1))
    shop.export()
    assert feeds()[-1].state == SubmissionState.UPLOADED
    shop.buy("RED", 38)
    shop.amazon.advance(180)
    shop.import_orders()
    Submission.objects.update(not_before=clock.now())
    shop.export()
    assert feeds()[1].state == SubmissionState.FAILED
