"""The windows of time over which orders are searched leave no gap."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
from django.apps import apps
from django.db.models import F

from django_amazon_sync.amazon import orders as orders_gateway
from django_amazon_sync.errors import Rejected
from django_amazon_sync.models import (
    AmazonOrder,
    OrderState,
    OrderWindow,
    Outcome,
    RunState,
    SellerAccount,
    WindowState,
)
from django_amazon_sync.sync.accounts.connect import Credentials, connect_account
from django_amazon_sync.sync.orders import windows
from django_amazon_sync.testing.simulator import Fault, Switches
from tests.factories_amazon import LiveAccountFactory
from tests.stored import copy_stored
from tests.sync.orders.answers import answering, iso
from tests.world import DE, FR, World, lines_of


def gapless(world: World) -> bool:
    """Whether each finished window of the chain begins before the last one ended."""
    done = list(
        OrderWindow.objects.filter(
            account=world.account, swept=False, state=WindowState.DONE
        ).order_by("start")
    )
    return all(later.start <= (earlier.end or later.start) for earlier, later in pairwise(done))


def test_many_pages_and_a_dead_token_lose_no_order(
    connect: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_gateway, "ORDERS_A_PAGE", 10)
    world = connect()
    world.sell("MUG", quantity=900)
    numbers = {world.buy("MUG") for _ in range(23)}
    # The second page fails, and the token is dead when the search goes on.
    world.amazon.faults.add(Fault("searchOrders", "500", skip=1, times=1))
    first = world.import_orders()
    assert first.state == RunState.STOPPED
    assert windows.complete_until(world.account) is None
    world.amazon.advance(25 * 3600)
    world.import_orders()
    placed = AmazonOrder.objects.filter(state=OrderState.PLACED)
    assert set(placed.values_list("number", flat=True)) == numbers
    assert gapless(world)


def test_after_a_long_silence_the_newest_come_first_and_the_gap_after_them(world: World) -> None:
    world.sell("MUG", quantity=9)
    world.import_orders()
    old = world.buy("MUG")
    world.amazon.advance(86_400)
    new = world.buy("MUG")
    run = world.import_orders()
    assert lines_of(run, "order_number", "outcome") == [
        (old, Outcome.PLACED),
        (new, Outcome.PLACED),
    ]
    assert gapless(world)
    until = windows.complete_until(world.account)
    assert until is not None
    assert world.amazon.now() - until < timedelta(minutes=5)


@pytest.mark.parametrize("amazon", [{"switches": Switches(omitted_orders=0.3)}], indirect=True)
def test_orders_that_a_search_omits_are_found_by_the_next(world: World) -> None:
    world.sell("MUG", quantity=900)
    numbers = set()
    for _ in range(8):
        numbers.add(world.buy("MUG"))
        world.import_orders()
    for _ in range(6):
        world.import_orders()
    assert {order.number for order in AmazonOrder.objects.filter(state=OrderState.PLACED)} == (
        numbers
    )


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def window(account: SellerAccount, hours: float, *, done: bool = True, swept: bool = False) -> None:
    """A window from an hour before until so many hours after noon."""
    end = NOON + timedelta(hours=hours)
    state = WindowState.DONE if done else WindowState.OPEN
    OrderWindow.objects.create(
        account=account, state=state, start=end - timedelta(hours=1), end=end if done else None,
        swept=swept,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("searched", "hours"),
    [
        ([], None),
        ([(1, False)], None),
        ([(1, True), (2, True)], 2),
        ([(1, True), (2, False), (3, True)], 1),
        ([(1, False), (3, True)], None),
    ],
    ids=["none", "the first is open", "all done", "a gap before the newest", "only the newest"],
)
def test_orders_are_complete_up_to_the_first_gap(
    db: None, searched: list[tuple[int, bool]], hours: int | None
) -> None:
    account, other = LiveAccountFactory.create(), LiveAccountFactory.create()
    for number, done in searched:
        window(account, number, done=done)
    window(account, 9, swept=True)  # what was asked for besides is no link of the chain
    window(other, 5)
    until = None if hours is None else NOON + timedelta(hours=hours)
    assert windows.complete_until(account) == until
    both = windows.complete_until_of([account.pk, other.pk])
    assert both.get(account.pk) == until
    assert both[other.pk] == NOON + timedelta(hours=5)


def test_a_new_window_begins_before_the_last_one_ended(db: None) -> None:
    account = LiveAccountFactory.create()
    ended = datetime.now(UTC) - timedelta(hours=1)
    OrderWindow.objects.create(
        account=account, state=WindowState.DONE, start=ended - timedelta(hours=1), end=ended
    )
    [new] = windows.chain(account)
    assert new.start == ended - windows.OVERLAP
    assert list(windows.chain(account)) == [new], "an open one is searched first"


def test_a_look_back_has_begun_with_the_first_window_of_the_chain(db: None) -> None:
    account = LiveAccountFactory.create()
    window(account, 1, swept=True)
    assert not windows.has_begun(account)
    window(account, 1, done=False)
    assert windows.has_begun(account)


def test_old_windows_are_forgotten_and_the_newest_month_stays(db: None) -> None:
    account, other = LiveAccountFactory.create(), LiveAccountFactory.create()
    for of in (account, other):
        window(of, 0)
    window(account, 24 * 31)
    window(account, 24 * 31 - 1, done=False)
    windows.forget_old(account)
    assert windows.complete_until(account) == NOON + timedelta(days=31)
    assert OrderWindow.objects.filter(account=account).count() == 2
    assert OrderWindow.objects.filter(account=other).count() == 1


def test_amazon_shows_two_years_and_more_in_the_far_east() -> None:
    ago = datetime.now(UTC) - windows.oldest_orders("eu")
    assert timedelta(days=728) < ago < timedelta(days=730)
    assert windows.oldest_orders("fe") == datetime(2016, 1, 1, tzinfo=UTC)


# --- Marketplaces that join ---------------------------------------------------------------------


def joins(world: World) -> None:
    """France is connected besides Germany."""
    seller = world.seller
    connect_account(
        world.shop,
        Credentials(seller.client_id, seller.client_secret, seller.refresh_token),
        region="eu",
        seller_id=seller.seller_id,
        marketplaces=(DE, FR),
    )


def test_a_marketplace_that_joins_is_searched_from_the_cut_over(world: World) -> None:
    world.sell("MUG", quantity=9)
    world.list_on_amazon("MUG", marketplace=FR, price="10.00", quantity=9)
    world.import_orders()
    world.amazon.advance(3600)
    number = world.buy("MUG", 4, marketplace=FR)
    for _ in range(3):
        world.amazon.advance(3600)
        world.import_orders()
    assert windows.complete_until(world.account) is not None
    joins(world)
    assert windows.complete_until(world.account) is None
    assert windows.complete_until_of([world.account.pk]) == {}
    assert [gap.marketplaces for gap in windows.gaps(world.account)] == [(FR,)]
    world.import_orders()
    assert AmazonOrder.objects.get(number=number).state == OrderState.PLACED
    assert windows.gaps(world.account) == []
    assert windows.complete_until(world.account) is not None
    searched = len(world.amazon.requests_of("searchOrders"))
    world.import_orders()
    assert len(world.amazon.requests_of("searchOrders")) == searched + 1


@pytest.mark.parametrize("state", [WindowState.DONE, WindowState.OPEN])
def test_one_that_joined_before_that_was_noted_is_searched_after_the_upgrade(
    world: World, state: str
) -> None:
    """Windows of then name no marketplaces; one of them may be half way through its pages."""
    world.sell("MUG", quantity=9)
    world.list_on_amazon("MUG", marketplace=FR, price="10.00", quantity=9)
    world.import_orders()
    world.amazon.advance(3600)
    number = world.buy("MUG", 4, marketplace=FR)
    for _ in range(3):
        world.amazon.advance(3600)
        world.import_orders()
    joins(world)
    OrderWindow.objects.update(marketplaces=[])
    newest = OrderWindow.objects.filter(until=None).latest("pk")
    OrderWindow.objects.filter(pk=newest.pk).update(state=state)
    if state == WindowState.OPEN:
        underway(OrderWindow.objects.get(pk=newest.pk))
    migration = import_module("django_amazon_sync.migrations.0007_selling_and_joining")
    migration.let_join(apps, None)
    assert windows.complete_until(world.account) is None
    world.import_orders()
    assert AmazonOrder.objects.get(number=number).state == OrderState.PLACED
    assert windows.gaps(world.account) == []
    assert windows.complete_until(world.account) is not None


def test_one_that_joins_while_a_search_is_underway_is_covered_after_it(world: World) -> None:
    world.import_orders()
    [newest] = windows.chain(world.account)
    underway(newest)
    joins(world)
    assert windows.chain(world.account) == [newest]
    assert windows.complete_until(world.account) is None
    OrderWindow.objects.filter(pk=newest.pk).update(
        state=WindowState.DONE, end=newest.start + timedelta(hours=1)
    )
    own, later = sorted(windows.chain(world.account), key=lambda window: window.pk)
    assert (own.marketplaces, own.start) == ([FR], world.account.cut_over - windows.OVERLAP)
    assert later.marketplaces == sorted([DE, FR])
    assert own.until is not None
    assert later.start < own.until


# --- Windows that Amazon refuses, and ends that cannot be ---------------------------------------


def test_a_search_into_the_future_ends_where_amazon_answers(world: World) -> None:
    world.sell("MUG", quantity=9)
    world.import_orders()
    now = world.amazon.now()
    run = world.import_orders(
        since=(now - timedelta(minutes=10)).isoformat(),
        until=(now + timedelta(days=30)).isoformat(),
    )
    assert run.state == RunState.DONE
    number = world.buy("MUG", 2)
    world.import_orders()
    assert AmazonOrder.objects.get(number=number).state == OrderState.PLACED


def test_a_search_that_ends_before_it_begins_is_refused_here(world: World) -> None:
    tomorrow = (world.amazon.now() + timedelta(days=1)).isoformat()
    run = world.import_orders(since=tomorrow)
    assert (run.state, run.reason_code) == (RunState.STOPPED, "configuration")
    assert not OrderWindow.objects.filter(swept=True).exists()


def test_a_window_that_amazon_refuses_stops_no_other_and_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sell("MUG", quantity=9)
    world.import_orders()
    world.amazon.advance(86_400)
    number = world.buy("MUG")
    search_orders = orders_gateway.search_orders

    def refuses(client: Any, **asked: Any) -> Any:
        if asked["updated_before"] is not None:
            raise Rejected("searchOrders", "Amazon refused the request.", status=400)
        return search_orders(client, **asked)

    monkeypatch.setattr(orders_gateway, "search_orders", refuses)
    run = world.import_orders()
    assert (run.state, run.reason_code) == (RunState.STOPPED, "rejected")
    assert AmazonOrder.objects.get(number=number).state == OrderState.PLACED
    until = windows.complete_until(world.account)
    assert until is not None
    assert world.amazon.now() - until < timedelta(minutes=5)
    [gap] = windows.gaps(world.account)
    assert gap.marketplaces == (DE,)
    assert "refused" in str(gap.why)
    assert world.import_orders().state == RunState.DONE  # it is not tried again at once
    monkeypatch.undo()
    OrderWindow.objects.update(refused_at=F("refused_at") - timedelta(days=2))
    world.import_orders()
    assert windows.gaps(world.account) == []


def test_a_search_that_staff_ask_for_closes_a_gap_and_leaves_the_chain_alone(
    db: None,
) -> None:
    account = LiveAccountFactory.create()
    window(account, 1)
    refused = OrderWindow.objects.create(
        account=account, state=WindowState.REFUSED, start=NOON, until=NOON + timedelta(hours=1),
        marketplaces=[DE], reason="No.",
    )  # fmt: skip
    assert len(windows.gaps(account)) == 1
    asked = OrderWindow.objects.create(
        account=account, state=WindowState.DONE, start=NOON, end=NOON + timedelta(hours=2),
        swept=True, marketplaces=[FR],
    )  # fmt: skip
    assert len(windows.gaps(account)) == 1
    OrderWindow.objects.filter(pk=asked.pk).update(marketplaces=[DE, FR])
    assert windows.gaps(account) == []
    assert windows.complete_until(account) == NOON + timedelta(hours=1)
    refused.refresh_from_db()
    assert refused.state == WindowState.REFUSED


@pytest.mark.parametrize("days", [300, -300], ids=["in the future", "before the beginning"])
def test_orders_are_never_complete_beyond_what_could_be_known(world: World, days: int) -> None:
    world.sell("MUG", price="20.00", quantity=9)
    with answering(world) as answers:
        answers.complete_until = iso(world.amazon.now() + timedelta(days=days))
        answers.found = [answers.order()]
        run = world.import_orders()
        assert AmazonOrder.objects.get().state == OrderState.PLACED
        until = windows.complete_until(world.account)
        if days > 0:
            assert until is not None
            assert until < world.amazon.now()
        else:
            assert (run.state, run.reason_code, until) == (RunState.STOPPED, "unavailable", None)
            answers.complete_until = ""
            assert world.import_orders().state == RunState.DONE
            assert windows.complete_until(world.account) is not None


def test_a_newest_window_that_amazon_refuses_is_asked_for_anew_and_is_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.account.orders_since = world.account.cut_over - timedelta(days=20)
    world.account.save()

    def refuses(client: Any, **asked: Any) -> Any:
        raise Rejected("searchOrders", "Amazon refused the request.", status=400)

    monkeypatch.setattr(orders_gateway, "search_orders", refuses)
    for _ in range(3):
        assert world.import_orders().state == RunState.STOPPED
    assert OrderWindow.objects.count() == 2
    monkeypatch.undo()
    OrderWindow.objects.update(refused_at=F("refused_at") - timedelta(days=2))
    assert world.import_orders().state == RunState.DONE
    assert windows.complete_until(world.account) is not None


def test_a_page_of_another_search_is_not_asked_for_and_the_search_begins_anew(
    world: World,
) -> None:
    world.import_orders()
    [window] = windows.chain(world.account)
    other = OrderWindow.objects.create(
        account=world.account, start=window.start, until=window.start, swept=True
    )
    underway(window)
    underway(other)
    copy_stored((other, "page_token"), (window, "page_token"))
    found = {row.pk: row.page_token for row in windows.chain(world.account)}
    assert found == {window.pk: "", other.pk: "underway"}


def underway(window: OrderWindow) -> None:
    """One page was read, and there is another."""
    window.page_token, window.pages = "underway", 1
    window.save()
