"""What staff set themselves for an offer goes to Amazon, each field by itself, and back again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync.amazon.attributes import Slot
from django_amazon_sync.amazon.listings import patch_listing
from django_amazon_sync.data import FieldValues
from django_amazon_sync.models import Job, Outcome, RunState, SellerSku, Submission
from django_amazon_sync.sync.accounts.connect import client_for
from django_amazon_sync.sync.offers import fields
from django_amazon_sync.sync.offers.field_kinds import Number
from django_amazon_sync.sync.offers.fields import own_fields
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.sync.offers.steps import SALE, give, sent
from tests.world import DE, World, drifted_now, lines_of, without_since

BUSINESS = {"price": "9.50 EUR", "tiers": [[10, "9.00 EUR"]]}
VALUES: dict[str, Any] = {
    "handling_time": 3,
    "restock_date": "2027-01-15",
    "minimum_price": "7.00 EUR",
    "maximum_price": "12.00 EUR",
    "sale_price": SALE,
    "list_price": "14.90 EUR",
    "business_price": BUSINESS,
    "max_order_quantity": 4,
    "condition_note": "With a scratch.",
    "item_type_keyword": "mugs",
    "browse_nodes": ["3167641", "3169321"],
}


def offer_of(world: World, audience: str = "ALL") -> dict[str, Any]:
    offers = sent(world)["purchasable_offer"]
    return next(one for one in offers if one["audience"] == audience)


def by_hand(world: World, attribute: str, instance: dict[str, Any]) -> None:
    """Change something of the mug in another way than by this app."""
    here = {"marketplace_id": DE, **instance}
    patch = {"op": "replace", "path": f"/attributes/{attribute}", "value": [here]}
    patch_listing(client_for(world.account), "MUG", DE, [patch], "PRODUCT")


def test_every_field_travels_by_itself_and_stays(mug: World) -> None:
    give(mug, **VALUES)
    run = mug.export()
    values = lines_of(run, "values")
    assert lines_of(run, "outcome") == [Outcome.SENT] * len(VALUES)
    assert {name: one[name] for one in values for name in one if name in VALUES} == VALUES
    live = mug.live("MUG")
    assert (live.price, live.sale_price, live.business_price) == (
        Decimal("10.00"), Decimal("8.00"), Decimal("9.50"),
    )  # fmt: skip
    assert (live.quantity, live.lead_time, live.restock_date) == (5, 3, "2027-01-15")
    assert mug.listing("MUG").believed.items() >= VALUES.items()
    before = mug.writes()
    assert lines_of(mug.export(), "outcome") == []
    assert mug.writes() == before


def test_a_tier_that_amazon_shows_without_its_units_stops_no_run(mug: World) -> None:
    """It was read back as it stands there, and compared with what staff set."""
    give(mug, business_price=BUSINESS)
    odd: FieldValues = {"price": "9.40 EUR", "tiers": [[None, "9.20 EUR"]]}
    listing = mug.listing("MUG")
    listing.believed |= {"business_price": odd}
    listing.save()
    run = mug.export()
    assert (run.state, lines_of(run, "outcome")) == (RunState.DONE, [Outcome.SENT])
    assert mug.live("MUG").business_price == Decimal("9.50")


def test_without_own_values_nothing_of_them_is_touched(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    assert world.writes() == 0


@pytest.mark.parametrize("merge", ["keeps", "drops", "refused"])
def test_a_price_that_changes_leaves_what_staff_set_in_place(mug: World, merge: str) -> None:
    mug.amazon.switch(merge=merge)
    give(mug, **VALUES)
    mug.export()
    record = _record("MUG")
    record.price, record.num_in_stock = Decimal("11.00"), 4
    record.save()
    mug.export()
    live = mug.live("MUG")
    assert (live.price, live.sale_price, live.business_price) == (
        Decimal("11.00"), Decimal("8.00"), Decimal("9.50"),
    )  # fmt: skip
    assert (live.quantity, live.lead_time, live.restock_date) == (4, 3, "2027-01-15")


@pytest.mark.parametrize("name", [one.name for one in own_fields()])
def test_what_is_taken_away_here_is_taken_away_there(mug: World, name: str) -> None:
    give(mug, **VALUES)
    mug.export()
    give(mug, **{name: ""})
    run = mug.export()
    values = lines_of(run, "values")
    assert [one[name] for one in values if name in one] == [""]
    assert all(set(one) <= {name, "quantity"} for one in values)
    listing = mug.listing("MUG")
    assert name not in listing.believed
    assert listing.believed.items() >= {k: v for k, v in VALUES.items() if k != name}.items()
    mug.amazon.advance(120)
    run = mug.verify()
    assert lines_of(run, "outcome") == []
    assert lines_of(mug.export(), "outcome") == []
    assert mug.live("MUG").price == Decimal("10.00")


def test_a_handling_time_never_leaves_without_the_right_quantity(mug: World) -> None:
    record = _record("MUG")
    record.num_in_stock = 2
    record.save()
    give(mug, handling_time=4)
    mug.export()
    live = mug.live("MUG")
    assert (live.quantity, live.lead_time) == (2, 4)


def test_a_value_that_amazon_refuses_holds_no_other_back(mug: World) -> None:
    record = _record("MUG")
    record.num_in_stock = 4
    record.save()
    give(mug, list_price="14.90 EUR", handling_time=99)  # no form lets that pass
    run = mug.export()
    outcomes = lines_of(run, "outcome", "values")
    assert outcomes == [
        (Outcome.SENT, {"quantity": 4}),
        (Outcome.REFUSED, {"handling_time": 99, "quantity": 4}),
        (Outcome.SENT, {"list_price": "14.90 EUR"}),
    ]
    assert mug.listing("MUG").refused == {"handling_time": 99}
    assert lines_of(mug.export(), "outcome") == []


def test_a_field_that_is_switched_off_stays_here(mug: World) -> None:
    give(mug, list_price="14.90 EUR", max_order_quantity=4)
    mug.account.marketplaces.update(switches={"list_price": False})
    mug.export()
    assert "list_price" not in sent(mug)
    assert "max_order_quantity" in sent(mug)
    listing = mug.listing("MUG")
    listing.switches = {"list_price": True, "max_order_quantity": False}
    listing.save()
    mug.export()
    assert "list_price" in sent(mug)


def test_a_listing_overrides_the_marketplace_for_price_and_quantity(mug: World) -> None:
    listing = mug.listing("MUG")
    listing.switches = {"price": False}
    listing.save()
    record = _record("MUG")
    record.price, record.num_in_stock = Decimal("10.50"), 4
    record.save()
    mug.export()
    live = mug.live("MUG")
    assert (live.price, live.quantity) == (Decimal("10.00"), 4)
    mug.account.marketplaces.update(sync_price=False)
    listing.switches = {"price": True}
    listing.save()
    mug.export()
    assert mug.live("MUG").price == Decimal("10.50")


def test_of_a_locked_listing_only_price_and_stock_leave(mug: World) -> None:
    mug.account.marketplaces.update(sync_name=True)
    give(mug, list_price="14.90 EUR", sale_price=SALE)
    listing = mug.listing("MUG")
    listing.locked = True
    listing.save()
    record = _record("MUG")
    record.price, record.num_in_stock = Decimal("10.50"), 4
    record.save()
    run = mug.export()
    assert {name for one in lines_of(run, "values") for name in one} == {"price", "quantity"}


def test_a_sale_of_nine_tenths_off_waits_for_approval(mug: World) -> None:
    give(mug, sale_price=SALE | {"price": "1.00 EUR"})
    run = mug.export()
    assert lines_of(run, "outcome") == [Outcome.HELD]
    assert mug.live("MUG").sale_price is None
    mug.export(approve=run.pk)
    assert mug.live("MUG").sale_price == Decimal("1.00")


def test_a_tier_of_nine_tenths_off_waits_for_approval(mug: World) -> None:
    give(mug, business_price={"price": "9.50 EUR", "tiers": [[2, "1.00 EUR"]]})
    run = mug.export()
    assert lines_of(run, "outcome") == [Outcome.HELD]
    assert len(sent(mug)["purchasable_offer"]) == 1
    mug.export(approve=run.pk)
    assert "quantity_discount_plan" in offer_of(mug, "B2B")


def test_a_price_and_its_bounds_move_together(mug: World) -> None:
    give(mug, minimum_price="9.00 EUR", maximum_price="11.00 EUR")
    mug.export()
    record = _record("MUG")
    record.price = Decimal("12.00")
    record.save()
    give(mug, minimum_price="11.50 EUR", maximum_price="13.00 EUR")
    run = mug.export()
    assert [next(iter(one)) for one in lines_of(run, "values")] == [
        "maximum_price", "price", "minimum_price",
    ]  # fmt: skip
    live = mug.live("MUG")
    assert (live.price, live.buyable) == (Decimal("12.00"), True)


def test_what_only_echoes_is_received_and_not_verified(mug: World) -> None:
    mug.amazon.switch(offers_show_sale_price=True)
    give(mug, list_price="14.90 EUR", sale_price=SALE)
    mug.export()
    mug.amazon.advance(120)
    mug.verify()
    verified = mug.listing("MUG").verified
    assert "list_price" not in verified
    assert verified["sale_price"] == SALE  # buyers pay it now
    assert mug.listing("MUG").drift == {}


def test_a_business_price_is_verified_by_the_offer_to_business_buyers(mug: World) -> None:
    give(mug, business_price=BUSINESS)
    mug.export()
    mug.amazon.advance(120)
    mug.verify()
    assert mug.listing("MUG").verified["business_price"] == BUSINESS

    mug.amazon.switch(never_live=1.0)
    dearer = {**BUSINESS, "price": "9.80 EUR"}
    give(mug, business_price=dearer)
    mug.export()
    mug.amazon.advance(7200)
    mug.verify()
    listing = mug.listing("MUG")
    assert sent(mug)["purchasable_offer"]  # received, and not what business buyers pay
    assert drifted_now(listing) == {"business_price": {"ours": dearer, "live": BUSINESS}}
    assert "business_price" not in listing.verified

    mug.amazon.switch(never_live=0.0)
    mug.export()
    mug.amazon.advance(120)
    mug.verify()
    assert mug.live("MUG").business_price == Decimal("9.80")
    assert mug.listing("MUG").verified["business_price"] == dearer
    assert mug.listing("MUG").drift == {}


def test_what_another_hand_changed_is_drift_and_is_mended(mug: World) -> None:
    give(mug, max_order_quantity=4, minimum_price="7.00 EUR")
    mug.export()
    by_hand(mug, "max_order_quantity", {"value": 9})
    mug.amazon.advance(7200)
    mug.verify()
    assert drifted_now(mug.listing("MUG")) == {"max_order_quantity": {"ours": 4, "live": 9}}
    mug.export()
    assert sent(mug)["max_order_quantity"][0]["value"] == 4


def test_a_new_offer_has_what_staff_set_of_it(world: World) -> None:
    factories.stock_record("NEW", price="10.00", in_stock=5, upc="012345678905")
    world.amazon.add_product(asin="B0NEW00001", title="New", upc="012345678905")
    row = SellerSkuFactory.create(
        account=world.account, sku="NEW", offer_pk="", channel="", own_values={"handling_time": 2}
    )
    marketplace = world.account.marketplaces.get()
    row.listings.create(
        marketplace=marketplace,
        own_values={"sale_price": SALE, "business_price": BUSINESS, "item_type_keyword": "mugs"},
    )
    run = world.export()
    assert lines_of(run, "outcome", "message") == [(Outcome.SENT, "")]
    live = world.live("NEW")
    assert (live.price, live.sale_price, live.business_price) == (
        Decimal("10.00"), Decimal("8.00"), Decimal("9.50"),
    )  # fmt: skip
    assert (live.quantity, live.lead_time) == (5, 2)


def test_a_creation_that_an_own_value_spoiled_is_tried_again_once_it_is_mended(
    world: World,
) -> None:
    factories.stock_record("NEW", price="10.00", in_stock=5, upc="012345678905")
    world.amazon.add_product(asin="B0NEW00001", title="New", upc="012345678905")
    row = SellerSkuFactory.create(
        account=world.account, sku="NEW", offer_pk="", channel="", own_values={"handling_time": 99}
    )
    assert lines_of(world.export(), "outcome") == [Outcome.REFUSED]
    assert lines_of(world.export(), "outcome") == []
    SellerSku.objects.filter(pk=row.pk).update(own_values={"handling_time": 3})
    assert lines_of(world.export(), "outcome") == [Outcome.SENT]
    assert world.live("NEW").lead_time == 3


def test_a_feed_that_came_late_undoes_no_later_change(mug: World, settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "FEED_THRESHOLD": 0, "FEED_LOW_STOCK": 0}
    give(mug, sale_price=SALE)
    mug.export()
    mug.amazon.advance(600)
    Submission.objects.update(not_before=timezone.now())
    mug.do(Job.SETTLE)
    record = _record("MUG")
    record.price = Decimal("11.00")
    record.save()
    mug.export()
    give(mug, sale_price=SALE | {"price": "7.50 EUR"})
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "FEED_THRESHOLD": 1500}
    mug.export()
    Submission.objects.update(not_before=timezone.now())
    mug.amazon.advance(600)
    mug.do(Job.SETTLE)
    mug.export()
    live = mug.live("MUG")
    assert (live.price, live.sale_price) == (Decimal("11.00"), Decimal("7.50"))


def test_a_feed_carries_them_too(mug: World, settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "FEED_THRESHOLD": 0, "FEED_LOW_STOCK": 0}
    give(mug, **VALUES)
    record = _record("MUG")
    record.price = Decimal("11.00")
    record.save()
    run = mug.export()
    assert run.counts["in_feeds"] == 1
    mug.amazon.advance(600)
    live = mug.live("MUG")
    assert (live.price, live.sale_price, live.business_price) == (
        Decimal("11.00"), Decimal("8.00"), Decimal("9.50"),
    )  # fmt: skip
    assert (live.quantity, live.lead_time, live.restock_date) == (5, 3, "2027-01-15")


def test_a_field_that_is_declared_anew_goes_all_the_way(
    mug: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gift = fields.OfferField("gift", "gift", Slot("gift_options"), Number(1, 9))
    monkeypatch.setitem(fields.FIELDS, "gift", gift)
    assert gift.form_field().clean("7") == gift.from_text("7") == 7
    give(mug, gift=7)
    run = mug.export(dry_run=True)
    assert lines_of(run, "outcome", "values") == [(Outcome.PLANNED, {"gift": 7})]
    run = mug.export()
    assert lines_of(run, "outcome", "values") == [(Outcome.SENT, {"gift": 7})]
    assert sent(mug)["gift_options"] == [{"value": 7, "marketplace_id": DE}]
    by_hand(mug, "gift_options", {"value": 1})
    mug.amazon.advance(7200)
    run = mug.verify()
    assert [without_since(values) for values in lines_of(run, "values")] == [
        {"gift": {"ours": 7, "live": 1}}
    ]


def _record(sku: str) -> Any:
    return get_model("partner", "StockRecord").objects.get(partner_sku=sku)
