"""Values that the shop takes over from Amazon, against a simulated Amazon."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from django_amazon_sync.data import Money, OfferUpdate
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.models import (
    Job,
    Listing,
    Marketplace,
    Outcome,
    RunState,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.shops.oscar import OscarShop
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.listings.decisions import send_ours
from django_amazon_sync.sync.offers.desired import drift_of
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.examples import examples
from tests.world import DE, FR, World, eur, lines_of, now_due


@pytest.fixture(autouse=True)
def _no_patience(settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DRIFT_AFTER": 0}


@pytest.fixture
def quiet(world: World) -> World:
    """An account that sends neither names nor prices nor quantities; Amazon differs in all."""
    send(world, sync_price=False, sync_quantity=False, sync_name=False)
    record = factories.stock_record("MUG", price="10.00", in_stock=5)
    record.product.title = "Mug"
    record.product.save()
    world.list_on_amazon("MUG", price="12.50", quantity=9, title="A blue mug")
    world.export()
    return world


def send(world: World, **switches: Any) -> None:
    Marketplace.objects.filter(account=world.account).update(**switches)


def take_over(world: World, *fields: str, dry_run: bool = False, **options: Any) -> SyncRun:
    wanted = {"skus": ["MUG"], "fields": list(fields), "marketplaces": [DE]} | options
    run = world.do(Job.TAKE_OVER, dry_run=dry_run, **wanted)
    if run.state == RunState.QUEUED:  # it reads quantities once more
        world.amazon.advance(400)
        jobs.perform(now_due(run), patience=5)
    return run


def in_shop(world: World, sku: str = "MUG") -> tuple[str, Decimal, int]:
    [offer] = world.shop.find(sku)
    assert offer.price is not None
    assert offer.quantity is not None
    return offer.title, offer.price.amount, offer.quantity


ALL = ("name", "price", "quantity")

DIFFERENCE = {
    "name": {"shop": "Mug", "amazon": "A blue mug"},
    "price": {"shop": "10.00 EUR", "amazon": "12.50 EUR"},
    "quantity": {"shop": 5, "amazon": 9},
}


def test_a_dry_run_shows_the_difference_and_takes_nothing(quiet: World) -> None:
    run = take_over(quiet, *ALL, dry_run=True)
    assert lines_of(run, "outcome", "sku", "marketplace", "values") == [
        (Outcome.PLANNED, "MUG", DE, DIFFERENCE)
    ]
    assert in_shop(quiet) == ("Mug", Decimal("10.00"), 5)


def test_what_was_chosen_is_taken_over_and_nothing_bounces_back(quiet: World) -> None:
    writes = quiet.writes()
    run = take_over(quiet, *ALL)
    assert lines_of(run, "outcome", "values") == [(Outcome.TAKEN_OVER, DIFFERENCE)]
    assert in_shop(quiet) == ("A blue mug", Decimal("12.50"), 9)
    send(quiet, sync_price=True, sync_quantity=True, sync_name=True)
    quiet.send_changes()
    quiet.export()
    assert quiet.verify().went_well
    assert quiet.writes() == writes
    assert take_over(quiet, *ALL).counts.get("in_step") is None, "now all of it goes out"


def test_only_the_chosen_field_is_taken(quiet: World) -> None:
    take_over(quiet, "price")
    assert in_shop(quiet) == ("Mug", Decimal("12.50"), 5)
    run = take_over(quiet, "price")
    assert (lines_of(run), run.counts["in_step"]) == ([], 1)


@pytest.mark.parametrize("field", ALL)
def test_what_goes_out_is_refused_and_says_so(quiet: World, field: str) -> None:
    send(quiet, **{f"sync_{field}": True})
    run = take_over(quiet, field)
    [(outcome, code, message)] = lines_of(run, "outcome", "code", "message")
    assert (outcome, code) == (Outcome.FAILED, "goes-out")
    assert f"The {field} goes out to Amazon" in message
    assert "switch it off for this listing" in message
    assert in_shop(quiet) == ("Mug", Decimal("10.00"), 5)


def test_where_amazon_wins_what_drifted_is_taken_over(world: World) -> None:
    send(world, amazon_wins=["price"])
    record = world.sell("MUG", price="10.00", quantity=5)
    world.export()
    world.list_on_amazon("MUG", price="12.00", quantity=5)
    world.verify()
    assert lines_of(take_over(world, "price"), "outcome") == [Outcome.TAKEN_OVER]
    assert world.listing("MUG").drift == {}
    world.send_changes()
    world.export()
    assert (world.live("MUG").price, in_shop(world)[1]) == (Decimal("12.00"), Decimal("12.00"))
    record.refresh_from_db()
    record.price = Decimal("11.00")
    record.save()
    world.export()
    assert world.live("MUG").price == Decimal("11.00"), "from now on the shop's price goes out"


def test_where_the_shop_has_the_value_already_the_drift_ends(world: World) -> None:
    send(world, amazon_wins=["price"])
    record = world.sell("MUG", price="10.00", quantity=5)
    world.export()
    world.list_on_amazon("MUG", price="12.00", quantity=5)
    world.verify()
    record.price = Decimal("12.00")
    record.save()
    assert lines_of(take_over(world, "price"), "outcome") == [Outcome.TAKEN_OVER]
    assert world.listing("MUG").drift == {}


def test_a_price_that_the_rule_would_change_again_is_refused(world: World) -> None:
    send(world, amazon_wins=["price"], markup_percent=10)
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    world.amazon.advance(600)
    world.list_on_amazon("MUG", price="12.00", quantity=5)
    world.verify()
    for dry_run in (True, False):
        [(code, message)] = lines_of(take_over(world, "price", dry_run=dry_run), "code", "message")
        assert code == "rule"
        assert "would send 13.20 EUR in its place" in message
    assert in_shop(world)[1] == Decimal("10.00")
    world.export()
    assert world.live("MUG").price == Decimal("12.00")


def test_units_that_amazon_sold_are_still_the_shops_to_ship(quiet: World) -> None:
    quiet.buy("MUG", 4, status="PENDING")
    quiet.amazon.advance(300)
    run = take_over(quiet, "quantity")
    assert lines_of(run, "outcome") == [Outcome.TAKEN_OVER]
    assert quiet.live("MUG").quantity == 5
    assert in_shop(quiet)[2] == 9, "five that are on sale and four that wait for their order"


def test_a_quantity_waits_for_orders(quiet: World, settings: Any) -> None:
    from django_amazon_sync.testing.simulator import Fault

    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "ORDERS_FRESH": 0}
    quiet.amazon.faults.add(Fault("searchOrders", "503", times=50))
    run = take_over(quiet, "quantity", "price")
    assert lines_of(run, "outcome", "code") == [
        (Outcome.WAITING, "orders"), (Outcome.TAKEN_OVER, ""),
    ]  # fmt: skip
    assert in_shop(quiet) == ("Mug", Decimal("12.50"), 5)


def test_what_amazon_ships_keeps_the_shops_stock(quiet: World) -> None:
    factories.stock_record("FBA", price="10.00", in_stock=5)
    quiet.list_on_amazon("FBA", price="12.50", quantity=70, channel="AMAZON_EU")
    quiet.export()
    run = take_over(quiet, "quantity", skus=["FBA"])
    assert lines_of(run, "code") == ["amazons-stock"]
    assert in_shop(quiet, "FBA")[2] == 5


def test_a_price_of_another_currency_is_refused(connect: Callable[..., World]) -> None:
    japan = "A1VC38T7YXB528"
    world = connect("fe", (japan,))
    send(world, sync_price=False)
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", marketplace=japan, price="1600", quantity=5)
    world.export()
    run = take_over(world, "price", marketplaces=[japan])
    [(code, message)] = lines_of(run, "code", "message")
    assert code == "currency"
    assert "in EUR and Amazon in JPY" in message


def test_a_price_that_a_sale_covers_is_not_taken(quiet: World) -> None:
    quiet.list_on_amazon("MUG", price="12.50", quantity=9, title="A blue mug", sale_price="8.00")
    run = take_over(quiet, "price")
    price = in_shop(quiet)[1]
    assert price in (Decimal("10.00"), Decimal("12.50")), "never the sale's"
    assert run.state == RunState.DONE


def test_what_cannot_be_taken_says_why(quiet: World) -> None:
    factories.stock_record("NEW", price="1.00", in_stock=1)
    quiet.list_on_amazon("ONLY-AMAZONS", price="3.00", quantity=1)
    SellerSkuFactory.create(account=quiet.account, sku="ONLY-AMAZONS", offer_pk="", channel="")
    quiet.export()
    run = take_over(quiet, "price", skus=["NEW", "ONLY-AMAZONS"])
    assert sorted(lines_of(run, "sku", "code")) == [("NEW", "absent"), ("ONLY-AMAZONS", "offer")]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fields": []}, "Choose what is taken over: name, price, quantity."),
        ({"fields": ["price", "picture"]}, "Choose what is taken over"),
        ({"fields": ["price"], "skus": []}, "Choose the SKUs"),
        ({"fields": ["price"], "marketplaces": ["ATVPDKIKX0DER"]}, "has no active marketplace"),
    ],
)
def test_a_wrong_wish_is_refused_whole(quiet: World, options: dict[str, Any], words: str) -> None:
    run = quiet.do(Job.TAKE_OVER, **({"skus": ["MUG"], "marketplaces": [DE]} | options))
    assert run.state == RunState.STOPPED
    assert words in run.reason


def test_a_shop_that_takes_nothing_over_says_so(quiet: World, settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "SHOP": "tests.shops.tiny.TinyShop"}
    run = take_over(quiet, "price", dry_run=True)
    assert (run.state, run.reason_code) == (RunState.STOPPED, "not-supported")
    assert "TinyShop takes nothing over from Amazon." in run.reason


@pytest.mark.parametrize(
    ("fault", "code"),
    [(ShopRefused("Not on Sundays."), "shop-refused"), (KeyError(), "unexpected")],
)
def test_what_the_shop_refuses_leaves_its_line_and_all_as_it_was(
    quiet: World, monkeypatch: pytest.MonkeyPatch, fault: Exception, code: str
) -> None:
    factories.stock_record("CUP", price="3.00", in_stock=5)
    quiet.list_on_amazon("CUP", price="4.00", quantity=5)
    quiet.export()
    apply = OscarShop.apply

    def picky(shop: OscarShop, update: Any) -> None:
        apply(shop, update)
        if update.price == eur("12.50"):
            raise fault

    monkeypatch.setattr(OscarShop, "apply", picky)
    run = take_over(quiet, "price", skus=["MUG", "CUP"])
    assert sorted(lines_of(run, "sku", "outcome", "code")) == [
        ("CUP", Outcome.TAKEN_OVER, ""), ("MUG", Outcome.FAILED, code),
    ]  # fmt: skip
    assert in_shop(quiet)[1] == Decimal("10.00")
    assert in_shop(quiet, "CUP")[1] == Decimal("4.00")


def test_an_order_that_comes_meanwhile_stops_the_quantity(
    quiet: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django_amazon_sync.sync.verification import take_over as module

    check = module._check_unchanged

    def sold(*args: Any) -> None:
        SellerSku.objects.filter(sku="MUG").update(stock_version=99)
        check(*args)

    monkeypatch.setattr(module, "_check_unchanged", sold)
    run = take_over(quiet, "quantity")
    assert lines_of(run, "outcome", "code") == [(Outcome.WAITING, "changed")]
    assert in_shop(quiet)[2] == 5


def test_of_several_marketplaces_the_first_that_has_it_counts(
    connect: Callable[..., World],
) -> None:
    world = connect(marketplaces=(DE, FR))
    send(world, sync_price=False)
    factories.stock_record("MUG", price="10.00", in_stock=5)
    for place, price in ((DE, "12.00"), (FR, "13.00")):
        world.list_on_amazon("MUG", marketplace=place, price=price, quantity=5)
    world.export()
    assert lines_of(take_over(world, "price", marketplaces=[FR, DE]), "marketplace") == [FR]
    assert in_shop(world)[1] == Decimal("13.00")


def test_a_quantity_that_goes_out_anywhere_is_refused(connect: Callable[..., World]) -> None:
    world = connect(marketplaces=(DE, FR))
    factories.stock_record("MUG", price="10.00", in_stock=5)
    for place in (DE, FR):
        world.list_on_amazon("MUG", marketplace=place, price="10.00", quantity=5)
    world.export()
    Marketplace.objects.filter(code=DE).update(sync_quantity=False)
    assert lines_of(take_over(world, "quantity"), "code") == ["goes-out"]


def test_a_run_over_many_goes_on_where_it_was(quiet: World) -> None:

    for number in range(25):
        factories.stock_record(f"SKU-{number:02}", price="3.00", in_stock=5)
        quiet.list_on_amazon(f"SKU-{number:02}", price="4.00", quantity=5)
    quiet.export()
    skus = quiet.account.skus.exclude(sku="MUG")
    run = jobs.request(
        quiet.account, Job.TAKE_OVER,
        options={"skus": skus, "fields": ["price"], "marketplaces": [DE]},
    )  # fmt: skip
    jobs.perform(now_due(run), slice_over=lambda: True)
    assert (run.state, run.done) == (RunState.QUEUED, 20)
    jobs.perform(now_due(run))
    assert lines_of(run, "outcome") == [Outcome.TAKEN_OVER] * 25
    assert in_shop(quiet, "SKU-24")[1] == Decimal("4.00")


# --- Any order of events --------------------------------------------------------------------------

EVENTS = (
    "shop", "amazon", "verify", "export", "take over", "send ours", "amazon wins", "shop wins",
)  # fmt: skip


@settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck))
@given(events=st.lists(st.sampled_from(EVENTS), min_size=2, max_size=8))
@example(events=["amazon wins", "amazon", "verify", "take over", "export"])
@example(events=["amazon wins", "amazon", "verify", "amazon", "verify", "send ours"])
@example(events=["amazon wins", "amazon", "verify", "shop", "shop wins"])
def test_in_any_order_no_price_comes_and_goes(
    world: World, plain_limits: None, events: list[str]
) -> None:
    """In the end Amazon shows the shop's price, or what it keeps because it wins; never another."""
    if not world.shop.find("MUG"):
        world.sell("MUG", price="10.00", quantity=5)
        world.export()
    for number, event in enumerate(events, start=1):
        world.amazon.advance(600)
        amounts = Decimal(f"1{number}.00"), Decimal(f"2{number}.00")
        _happens(world, event, *amounts)
    world.amazon.advance(600)
    world.verify()
    world.export()
    world.amazon.advance(600)
    kept = drift_of(world.listing("MUG").drift, "price")
    wins = Marketplace.objects.get().amazon_wins
    if kept and wins:
        assert f"{world.live('MUG').price} EUR" == kept["live"]
    else:
        assert world.live("MUG").price == in_shop(world)[1]


def _happens(world: World, event: str, shops: Decimal, amazons: Decimal) -> None:
    if event == "shop":
        world.shop.apply(OfferUpdate(world.shop.find("MUG")[0].pk, price=Money(shops, "EUR")))
    elif event == "amazon":
        world.list_on_amazon("MUG", price=str(amazons), quantity=5)
    elif event == "take over":
        live = world.live("MUG").price
        taken = lines_of(take_over(world, "price"), "outcome") == [Outcome.TAKEN_OVER]
        assert not taken or in_shop(world)[1] == live
    elif event == "send ours":
        send_ours(Listing.objects.all())
    elif event.endswith("wins"):
        send(world, amazon_wins=["price"] if event == "amazon wins" else [])
    else:
        world.do(Job(event))


@pytest.fixture
def plain_limits(settings: Any) -> None:
    """No change is too much."""
    settings.AMAZON_SYNC = {
        **settings.AMAZON_SYNC, "PRICE_MOVE_PERCENT": 1000, "RUN_MOVE_PERCENT": 100,
    }  # fmt: skip


# --- What a run showed ----------------------------------------------------------------------------


def test_only_what_was_shown_is_taken_over_and_the_others_are_named(quiet: World) -> None:
    shown = take_over(quiet, *ALL, dry_run=True)
    quiet.list_on_amazon("MUG", price="1.25", quantity=9, title="A blue mug")
    run = take_over(quiet, *ALL, shown=shown.pk)
    assert in_shop(quiet) == ("A blue mug", Decimal("10.00"), 9)
    assert sorted(lines_of(run, "outcome", "code")) == [("taken_over", ""), ("waiting", "changed")]
    [(values, message)] = run.lines.filter(code="changed").values_list("values", "message")
    assert values == {"price": {"shop": "10.00 EUR", "amazon": "1.25 EUR"}}
    assert "look at it again" in message


def test_what_the_shop_changed_since_is_not_written_over(quiet: World) -> None:
    """A colleague set another price meanwhile: "10.00 becomes 12.50" is not what would happen."""
    shown = take_over(quiet, "price", dry_run=True)
    quiet.shop.apply(OfferUpdate(SellerSku.objects.get().offer_pk, price=eur("11.00")))
    run = take_over(quiet, "price", shown=shown.pk)
    assert lines_of(run, "outcome", "code") == [("waiting", "changed")]
    assert in_shop(quiet)[1] == Decimal("11.00")


def test_a_value_that_the_page_did_not_show_is_named_and_not_taken_over(quiet: World) -> None:
    showed = {"price": "11.00 EUR", "quantity": 9}
    run = take_over(quiet, *ALL, showed=showed)
    assert in_shop(quiet) == ("A blue mug", Decimal("10.00"), 9)
    assert run.lines.get(code="changed").values == {
        "price": {"shop": "10.00 EUR", "amazon": "12.50 EUR"}
    }


def test_a_run_of_another_account_showed_nothing(quiet: World) -> None:
    shown = take_over(quiet, "price", dry_run=True)
    SyncRun.objects.filter(pk=shown.pk).update(account=SellerSkuFactory.create().account)
    run = take_over(quiet, "price", shown=shown.pk)
    assert lines_of(run, "outcome") == ["waiting"]
    assert in_shop(quiet)[1] == Decimal("10.00")


def test_a_first_reading_is_forgotten_when_the_run_is_done(quiet: World) -> None:
    quiet.list_on_amazon("MUG", price="10.00", quantity=5)  # as the shop has it
    run = take_over(quiet, "quantity")
    assert (run.state, run.counts["in_step"]) == (RunState.DONE, 1)
    assert quiet.listing("MUG").suspected == {}


def _another_hand_changes_the_price(world: World) -> None:
    world.list_on_amazon("MUG", price="13.00", quantity=9)
    world.verify()


def _amazon_shipped_it_until_now(world: World) -> None:
    world.list_on_amazon("MUG", price="12.50", quantity=9)


@pytest.mark.parametrize(
    ("before", "between", "taken"),
    [
        ("DEFAULT", _another_hand_changes_the_price, 9),
        ("AMAZON_EU", _amazon_shipped_it_until_now, 5),
    ],
)
def test_a_first_reading_counts_only_where_there_was_one(
    quiet: World, before: str, between: Callable[[World], None], taken: int
) -> None:
    send(quiet, sync_price=True)
    quiet.list_on_amazon("MUG", price="12.50", quantity=9, channel=before)
    factories.stock_record("CUP", price="10.00", in_stock=5)
    quiet.list_on_amazon("CUP", price="10.00", quantity=7)
    quiet.export()
    run = quiet.do(Job.TAKE_OVER, skus=["MUG", "CUP"], fields=["quantity"], marketplaces=[DE])
    assert run.state == RunState.QUEUED
    quiet.amazon.advance(400)
    between(quiet)
    jobs.perform(now_due(run), patience=5)
    assert run.state == RunState.DONE, run.reason
    assert (in_shop(quiet)[2], in_shop(quiet, "CUP")[2]) == (taken, 7)
