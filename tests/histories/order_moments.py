"""Two copies, answers, stores and windows of orders at the one moment that chance seldom brings.

In the histories about orders, beside what ``order_operations`` has.
"""

from __future__ import annotations

from copy import deepcopy

from django_amazon_sync.models import AmazonOrder, Job, OrderState
from django_amazon_sync.testing.simulator import Fault
from tests.histories import staff
from tests.histories.operations import goods_come, nothing, only, operation, shop_sells, with_
from tests.histories.order_documents import CONTRADICTIONS, KINDS
from tests.histories.order_operations import (
    PAUSE,
    PLENTY,
    another_store_sells,
    days_go_by,
    join,
    list_plenty,
)
from tests.histories.world import DE, WELL, World

#: What a copy lacks, or why it cannot be read.
LACKING = ["items null", "items empty", "no total", "no status"]
UNFORESEEN = "a time to come"
UNREADABLE = ["another currency", "no number", "huge total", "other digits"]

#: After so long an import no search shows what changed before it.
LONG_AGO = 3600


def _good_weather(world: World) -> None:
    world.amazon.faults.clear()
    world.amazon.late.clear()
    world.amazon.switch(**WELL)
    world.documents.junk.clear()
    world.documents.until = ""
    staff.import_orders(world.account, True)


def _buy_plenty(world: World, units: int, *, paid: bool = True, lines: int = 1) -> str:
    """An order of what only Amazon sells, so that no stock of the shop's has a say."""
    list_plenty(world)
    status = "UNSHIPPED" if paid else "PENDING"
    number = world.amazon.buy(world.seller, DE, lines=[(PLENTY, units)] * lines, status=status)
    world.documents.baskets.append(number)
    return number


def _import(world: World, after: float = 180) -> None:
    world.pass_time(after)
    world.do(Job.IMPORT_ORDERS)


def _state(number: str) -> str:
    row = AmazonOrder.objects.filter(number=number).only("state").first()
    return row.state if row else ""


def _show_odd(world: World, number: str, kind: str) -> None:
    world.documents.odd[number] = kind
    if KINDS[kind].lines != "all":
        world.judge.recorded.add(number)


def _show_whole(world: World, number: str) -> None:
    """Amazon does not call that a change."""
    world.documents.odd.pop(number, None)
    world.judge.recorded.discard(number)


# --- Which copy wins ----------------------------------------------------------------------------


@operation(
    "documents",
    3,
    only(kind=[*LACKING, UNREADABLE[0]], cancelled=[1, 1, 1, 3, 0], answered=[True, True, False]),
)
def placed_order_changes_out_of_sight(
    world: World, kind: str, cancelled: int, answered: bool
) -> None:
    """Searches show the change in an odd copy, and no more once it is whole; where it is not
    ``answered``, its id shows the copy of before for a while."""
    _good_weather(world)
    number = _buy_plenty(world, 3)
    _import(world)
    before = deepcopy(world.amazon.order(number))
    world.pass_time(60)
    if cancelled:
        world.amazon.cancel(number, quantity=cancelled)
    else:
        world.amazon.set_order(number)
    _show_odd(world, number, kind)
    if not answered:
        world.documents.behind[number] = before
    _import(world, LONG_AGO)
    _show_whole(world, number)
    world.documents.behind.clear()


@operation("documents", 2, only(kind=UNREADABLE, answered=[True, True, False]))
def two_copies_come_in_a_page(world: World, kind: str, answered: bool) -> None:
    """The newer one, which cannot be read, comes first; no later page has either. Where it is not
    ``answered``, its id shows the older one for a while."""
    _good_weather(world)
    number = _buy_plenty(world, 3)
    before = deepcopy(world.amazon.order(number))
    world.documents.late[number] = before
    world.pass_time(60)
    world.amazon.cancel(number, quantity=1)
    _show_odd(world, number, kind)
    if not answered:
        world.documents.behind[number] = before
    _import(world, LONG_AGO)
    world.documents.late.pop(number)
    world.documents.behind.clear()
    _show_whole(world, number)


@operation("documents", 2, only(kind=[*UNREADABLE, UNFORESEEN]))
def order_is_mended_without_a_change(world: World, kind: str) -> None:
    """It could not be read, perhaps by a time to come; then it can, of the time that it has."""
    _good_weather(world)
    number = _buy_plenty(world, 1)
    _show_odd(world, number, kind)
    _import(world)
    _show_whole(world, number)
    _import(world)


@operation("documents", 2, only(paid=[True, False], cancelled=[1, 3]))
def older_copy_comes_alone(world: World, paid: bool, cancelled: int) -> None:
    """A search shows the order as it was before what is known of it."""
    _good_weather(world)
    number = _buy_plenty(world, 3, paid=paid)
    _import(world)
    before = deepcopy(world.amazon.order(number))
    world.pass_time(60)
    world.amazon.cancel(number, quantity=cancelled)
    _import(world)
    world.documents.instead[number] = before
    _import(world, LONG_AGO)
    world.documents.instead.pop(number)


@operation("documents", 2, only(kind=LACKING))
def same_moment_lacks_something(world: World, kind: str) -> None:
    """A search shows a placed order again, and less of it, though nothing changed."""
    _good_weather(world)
    number = _buy_plenty(world, 1)
    _import(world)
    _show_odd(world, number, kind)
    _import(world)


@operation(
    "documents",
    3,
    only(
        how=[*CONTRADICTIONS, "a line less", "a line less"],
        paid=[True, False],
        touched=[True, False],
    ),
)
def searches_contradict_the_order(world: World, how: str, paid: bool, touched: bool) -> None:
    """They show it cancelled, or less of it, which its id does not. ``touched``: with a change,
    where that is to be doubted, too: a line that is missing is not cancelled by that."""
    _good_weather(world)
    number = _buy_plenty(world, 2, paid=paid, lines=2)
    _import(world)
    if touched and how == "a line less":
        (world.amazon.set_order if paid else world.amazon.settle_payment)(number)
    world.documents.misread[number] = how
    _import(world)
    _import(world, LONG_AGO)
    world.documents.misread.pop(number)


@operation("documents", 3, only(paid=[True, False], whole=[True, False]))
def line_is_cancelled_and_named_no_more(world: World, paid: bool, whole: bool) -> None:
    """One of the lines of an order that is known, or all of them."""
    _good_weather(world)
    number = _buy_plenty(world, 2, paid=paid, lines=2)
    _import(world)
    items = world.amazon.order(number)["orderItems"]
    for item in items if whole else items[:1]:
        world.amazon.cancel(number, item=item["orderItemId"])
    world.documents.bare.add(number)
    _import(world)


# --- Questions by the id ------------------------------------------------------------------------


@operation("documents", 2, only(kind=["no total", "no status"]))
def search_completes_what_no_id_shows(world: World, kind: str) -> None:
    """It is whole in searches soon, without a change, and a question by its id never finds it."""
    _good_weather(world)
    number = _buy_plenty(world, 1)
    _show_odd(world, number, kind)
    world.documents.unanswered.add(number)
    _import(world)
    _show_whole(world, number)
    _import(world, 120)


@operation("documents", 2, nothing)
def two_orders_never_get_an_answer(world: World) -> None:
    """And a third one does, though a run asks for two at most."""
    documents = world.documents
    if documents.odd or documents.gone or documents.unanswered or world.scene.asked_singly > 2:
        return
    _good_weather(world)
    *stubborn, third = sorted(_buy_plenty(world, 1) for _ in range(3))
    for number in (*stubborn, third):
        _show_odd(world, number, "no total")
    documents.unanswered.update(stubborn)
    documents.for_good.update(stubborn)
    _import(world, LONG_AGO)
    _show_whole(world, third)
    _import(world, PAUSE)
    _import(world, PAUSE)
    if _state(third) in (OrderState.SEEN, OrderState.QUARANTINED):
        world.judge.violated("answer is late", f"{third} waits for orders that get no answer")


@operation("documents", 1, nothing)
def payment_pends_for_days(world: World) -> None:
    _good_weather(world)
    _buy_plenty(world, 1, paid=False)
    days_go_by(world, 9)


# --- What nobody can read -----------------------------------------------------------------------


@operation("documents", 3, with_(kind=UNREADABLE, units=[1, 2]))
def order_cannot_be_read_and_the_shop_sells(world: World, sku: str, kind: str, units: int) -> None:
    """Its units can be read, so that the number falls by both, which are not the same."""
    _good_weather(world)
    goods_come(world, sku, 6)
    world.do(Job.CHANGES)
    world.pass_time(180)
    number = world.buy(sku, units, "UNSHIPPED")
    if number:
        _show_odd(world, number, kind)
        _import(world)
        shop_sells(world, sku, 3 - units)
        world.do(Job.CHANGES)


@operation("documents", 3, with_(kind=["items odd", "items null"], for_good=[True, False]))
def goods_come_while_units_are_unknown(world: World, sku: str, kind: str, for_good: bool) -> None:
    """Nobody knows what an order holds, for a while or ever."""
    _good_weather(world)
    number, item = world.buy(sku, 1, "UNSHIPPED"), world.item(sku)
    if not number or item is None or item.on_hand is None:
        return
    _show_odd(world, number, kind)
    if for_good and kind == "items odd":
        world.documents.for_good.add(number)
    _import(world)
    item.on_hand += 5
    world.save(item)
    world.do(Job.CHANGES)


# --- Stores and windows -------------------------------------------------------------------------


@operation("documents", 2, nothing)
def store_joins_after_its_sale(world: World) -> None:
    _good_weather(world)
    another_store_sells(world)
    _import(world, 2 * LONG_AGO)
    join(world)


@operation("documents", 2, only(newest_is_refused=[True, False]))
def gap_is_searched_oddly(world: World, newest_is_refused: bool) -> None:
    """After a silence of some hours there are two windows. Amazon refuses the newest one, which
    costs the other nothing; or it answers for the other up to a time before it began."""
    _good_weather(world)
    world.do(Job.IMPORT_ORDERS)
    number = _buy_plenty(world, 1)
    world.pass_time(9 * 3600)
    if newest_is_refused:
        world.amazon.faults.add(Fault("searchOrders", "400"))
    else:
        world.documents.blind = True
    world.do(Job.IMPORT_ORDERS)
    world.amazon.faults.clear()
    world.documents.blind = False
    if newest_is_refused and not _state(number):
        world.judge.violated("window waits", f"{number} was to be found by another search")
