"""``amazon_import_orders`` and ``amazon_confirm_shipments``."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.management.commands._times import moment
from django_amazon_sync.models import OrderWindow, SellerAccount, SyncRun
from tests import factories
from tests.commands.conftest import manage, manage_json
from tests.world import World, shop_order

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


def test_orders_come_in_and_are_placed(world: World) -> None:
    world.sell("MUG", quantity=5)
    number = world.buy("MUG", 2)
    world.amazon.advance(180)
    said = manage_json("amazon_import_orders")
    assert said.exit == 0
    assert [(line["order_number"], line["outcome"]) for line in said.lines] == [(number, "placed")]
    assert shop_order(number).lines.get().quantity == 2
    assert world.in_stock("MUG") == 3
    assert manage_json("amazon_import_orders").lines == []


def test_older_orders_come_in_on_request_and_take_no_stock(world: World) -> None:
    world.sell("MUG", quantity=5)
    before = world.account.cut_over - timedelta(days=3)
    number = world.buy("MUG", at=before)
    world.amazon.advance(180)
    assert manage_json("amazon_import_orders").lines == []
    since = (before - timedelta(days=1)).date().isoformat()
    said = manage_json("amazon_import_orders", "--since", since)
    assert [(line["order_number"], line["outcome"]) for line in said.lines] == [(number, "placed")]
    assert world.in_stock("MUG") == 5


def test_since_and_until_are_the_window_that_is_searched(world: World) -> None:
    said = manage("amazon_import_orders", "--since", "2026-11-01", "--until", "2026-11-02T12:30+01")
    assert said.exit == 0
    window = OrderWindow.objects.get()
    assert window.swept
    assert (window.start, window.until) == (
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 11, 2, 11, 30, tzinfo=UTC),
    )


def test_single_orders_are_asked_for_by_number(world: World) -> None:
    world.sell("MUG", quantity=5)
    numbers = [world.buy("MUG") for _ in range(3)]
    said = manage_json("amazon_import_orders", "--order", numbers[0], "--order", numbers[2])
    assert [line["order_number"] for line in said.lines] == [numbers[0], numbers[2]]
    assert world.in_stock("MUG") == 3


def test_a_number_that_amazon_does_not_know_is_exit_2(world: World) -> None:
    said = manage("amazon_import_orders", "--order", "302-0000000-0000000")
    assert said.exit == 2
    assert "getOrder" in said.err


def test_of_several_accounts_the_one_that_has_the_order_is_asked(
    connect: Callable[..., World],
) -> None:
    connect("na", ("ATVPDKIKX0DER",))
    world = connect("eu")
    world.sell("MUG")
    number = world.buy("MUG")
    said = manage("amazon_import_orders", "--order", number)
    assert said.exit == 2
    assert f"Say with --account which account has order {number}." in said.err
    world.import_orders()
    said = manage_json("amazon_import_orders", "--order", number)
    assert [run["account"] for run in said.document["runs"]] == [str(world.account)]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--until", "2026-11-01"), "--until needs --since."),
        (("--since", "2026-11-02", "--until", "2026-11-01"), "is not before 2026-11-01T00:00:00"),
        (("--since", "2999-01-01"), "is not before now"),
        (("--since", "2026-11-02", "--order", "1"), "leave out --since and --until"),
    ],
)
def test_times_that_make_no_window_are_refused(
    world: World, options: tuple[str, ...], complaint: str
) -> None:
    said = manage("amazon_import_orders", *options)
    assert said.exit == 2
    assert complaint in said.err
    assert not SyncRun.objects.exists()


def test_an_account_whose_import_is_off_is_left_out_unless_named(world: World) -> None:
    SellerAccount.objects.update(import_orders=False)
    said = manage("amazon_import_orders")
    assert said.exit == 2
    assert "switched off" in said.err
    assert manage("amazon_import_orders", "--account", world.account.name).exit == 0


def test_an_order_that_cannot_be_placed_is_exit_1_and_named(world: World) -> None:
    SellerAccount.objects.update(default_shipping_method="")
    world.sell("MUG")
    number = world.buy("MUG")
    world.amazon.advance(180)
    said = manage("amazon_import_orders")
    assert said.exit == 1
    assert f"quarantined  {number}  [mapping-missing]" in said.out
    assert "choose one on the account" in said.out


# --- Times ---------------------------------------------------------------------------------------


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=-9, minutes=-30)))))
def test_any_zone_becomes_utc(when: datetime) -> None:
    assert moment(when.isoformat()) == when
    assert moment(when.isoformat()).tzinfo is UTC


@given(st.dates())
def test_a_date_is_its_midnight_in_utc(day: object) -> None:
    assert moment(str(day)).isoformat() == f"{day}T00:00:00+00:00"


@pytest.mark.parametrize("text", ["", "yesterday", "23.11.2026", "2026-13-01", "1795475781"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="such as 2026-11-23"):
        moment(text)


# --- Shipments -----------------------------------------------------------------------------------


def test_a_parcel_of_the_shop_is_confirmed_once(world: World) -> None:
    world.sell("MUG", quantity=5)
    number = world.buy("MUG", 2)
    world.import_orders()
    order = shop_order(number)
    item = order.lines.get().partner_line_reference
    factories.shipping_event(str(order.pk), {item: 2}, "Carrier: DHL / Tracking: 0034000161")
    said = manage_json("amazon_confirm_shipments")
    assert [(line["order_number"], line["outcome"]) for line in said.lines] == [
        (number, "confirmed")
    ]
    world.amazon.advance(120)
    package = world.amazon.order(number)["packages"][0]
    assert (package["carrier"], package["trackingNumber"]) == ("DHL", "0034000161")
    assert manage_json("amazon_confirm_shipments").lines == []
    assert len(world.amazon.requests_of("confirmShipment")) == 1


def test_an_account_that_only_observes_confirms_nothing(connect: Callable[..., World]) -> None:
    connect(live=False)
    said = manage("amazon_confirm_shipments")
    assert said.exit == 2
    assert "observing, so nothing is sent" in said.err
