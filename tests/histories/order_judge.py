"""What has to be true of orders at rest, whatever Amazon showed of them meanwhile."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

from django_amazon_sync.models import (
    HOLDING_STATES,
    AmazonOrder,
    AmazonOrderLine,
    OrderState,
    RunLine,
    SyncRun,
)
from django_amazon_sync.sync.orders import windows
from tests.histories.model import PENDING, Document
from tests.histories.order_documents import Json
from tests.histories.world import DE, World
from tests.plainshop.models import Order

#: A payment that pends for longer is asked for and shown.
PENDING_DAYS = timedelta(days=7)

#: Where an order may be that is not in the shop, as staff find it there with its reason.
LISTED = (OrderState.QUARANTINED, OrderState.SEEN, OrderState.HELD)


def judge_orders(world: World) -> None:
    """Every order of Amazon's is once in the shop, or in a list with its reason."""
    with world.judge.aside():
        rows = {row.number: row for row in AmazonOrder.objects.defer("document")}
        shop = {order.reference: order for order in Order.objects.all()}
        truth = [raw for raw in world.amazon.orders("eu") if Document.of(raw).by_merchant]
        for raw in truth:
            order = Document.of(raw)
            fault = _fault(world, raw, order, rows.get(order.number), shop.get(order.number))
            if fault:
                world.judge.violated("order is not told", f"{order.number}: {fault}")
        _judge_strangers(world, rows, shop)
        _judge_lengths(world, rows)
        _judge_reserved(world, truth, rows)
        _judge_windows(world)
        _judge_what_is_said(world, truth, rows)


def look_at_orders(world: World) -> None:
    """Between two steps: nothing is in the shop before Amazon showed all of it."""
    documents = world.documents
    with world.judge.aside():
        placed = set(Order.objects.values_list("reference", flat=True))
    for number in sorted(placed - documents.to_be_shipped - documents.as_it_is):
        world.judge.violated("placed too soon", f"{number} was never shown whole")
    with world.judge.aside():
        nameless = AmazonOrder.objects.filter(state=OrderState.PLACED, status="")
        forgotten = set(nameless.values_list("number", flat=True))
        until = windows.complete_until(world.account)
    for number in sorted(forgotten - documents.as_it_is):
        world.judge.violated("status is forgotten", f"{number} is placed, and had a status once")
    if until is not None:
        seconds = world.judge.now - (world.clock.now() - until).total_seconds()
        for number in set(world.judge.timing.unknown(seconds)) - documents.gone:
            world.judge.violated("complete too soon", f"up to {until}, and {number} is not there")
        _judge_stores(world, until)


def _judge_stores(world: World, until: datetime) -> None:
    """Orders are complete of all stores that the account sells in, also of one that joined."""
    with world.judge.aside():
        known = set(AmazonOrder.objects.values_list("number", flat=True))
        stores = set(world.account.marketplaces.values_list("code", flat=True))
    for raw in world.amazon.orders("eu"):
        order, store = Document.of(raw), raw["salesChannel"]["marketplaceId"]
        missing = order.number not in known | world.judge.timing.left_out | world.documents.gone
        if missing and store in stores - {DE} and order.updated < until:
            world.judge.violated("complete too soon", f"up to {until}, without {order.number}")


def _fault(
    world: World, raw: Json, order: Document, row: AmazonOrder | None, there: Order | None
) -> str:
    documents = world.documents
    odd_for_good = order.number in documents.for_good
    if row is None:
        return "" if odd_for_good else "there is no row of it"
    if order.number in documents.old:
        return f"it is from before the cut-over and {row.state}" if there else ""
    if row.state == OrderState.SEEN and row.ask_at is None:
        return "it is incomplete, and nobody asks for it"
    if row.state in LISTED and not row.reason:
        return f"it is {row.state} without a reason"
    if odd_for_good and order.number in documents.unanswered and row.state == OrderState.SEEN:
        return "it gets no answer for days, and staff are not told"
    if odd_for_good and row.state in LISTED:
        return ""
    if order.status == "CANCELLED":
        return _fault_of_cancelled(row, there)
    if order.status in PENDING:
        return _fault_of_pending(world, raw, row)
    if there is None:
        return f"Amazon shows all of it, and it is {row.state}: {row.reason}"
    return _fault_of_placed(there, costs_nothing=order.number in documents.replacements)


def _fault_of_placed(there: Order, *, costs_nothing: bool) -> str:
    if there.state == Order.State.VOID:
        return "it was cancelled in the shop alone"
    wrong = costs_nothing and there.total != Decimal(0)
    return f"it costs nothing, and {there.total} in the shop" if wrong else ""


def _fault_of_cancelled(row: AmazonOrder, there: Order | None) -> str:
    if row.state not in (OrderState.CANCELLED, OrderState.RECORDED):
        return f"it is cancelled on Amazon, and {row.state} here"
    if there is not None and there.state != Order.State.VOID:
        return "it is cancelled on Amazon, and not in the shop"
    held = row.lines.filter(quantity__gt=0)
    return "a cancelled line holds units" if held.exists() else ""


def _fault_of_pending(world: World, raw: Json, row: AmazonOrder) -> str:
    since = datetime.fromisoformat(raw["createdTime"])
    if world.clock.now() - since < PENDING_DAYS + timedelta(days=2):
        return ""
    return "" if row.reason_code == "pending-long" else "it pends for long, and nobody is told"


def _judge_strangers(world: World, rows: dict[str, AmazonOrder], shop: dict[str, Order]) -> None:
    """Nothing is in the shop that Amazon never sold."""
    known = {raw["orderId"] for raw in world.amazon.orders("eu")}
    for number in sorted(set(shop) - known):
        world.judge.violated("order of nobody", f"{number} is in the shop, and not on Amazon")
    for row in rows.values():
        placed = row.state == OrderState.PLACED
        if placed and row.number not in shop:
            world.judge.violated("order of nobody", f"{row.number} counts as placed and is not")


def _judge_lengths(world: World, rows: dict[str, AmazonOrder]) -> None:
    """What is stored fits its columns, which not every database asks for."""
    for row in [*rows.values(), *AmazonOrderLine.objects.all()]:
        for column in row._meta.concrete_fields:
            value = row.__dict__.get(column.attname)
            if column.max_length and isinstance(value, str) and len(value) > column.max_length:
                world.judge.violated("does not fit", f"{column} is {value[:60]!r}...")


def _judge_reserved(world: World, truth: list[Json], rows: dict[str, AmazonOrder]) -> None:
    """Reserved are the units of Amazon's orders that hold: not in the shop, and not over."""
    unsure = world.documents.for_good | world.documents.old
    lines = AmazonOrderLine.objects.filter(
        order__state__in=HOLDING_STATES, order__takes_stock=True, quantity__gt=0
    )
    ours: Counter[str] = Counter()
    for number, sku, quantity in lines.values_list("order__number", "sku", "quantity"):
        if number not in unsure:
            ours[sku] += quantity
    right: Counter[str] = Counter()
    for order in map(Document.of, truth):
        row = rows.get(order.number)
        holds = row is not None and row.state in HOLDING_STATES
        if holds and order.sells and order.number not in unsure:
            right.update(order.units)
    if +ours != +right:
        world.judge.violated("reserved", f"{dict(+ours)} are reserved, {dict(+right)} right")


def _judge_windows(world: World) -> None:
    until = windows.complete_until(world.account)
    if until is not None and until > world.clock.now():
        world.judge.violated("windows", f"orders are complete up to {until}")


def _judge_what_is_said(world: World, truth: list[Json], rows: dict[str, AmazonOrder]) -> None:
    """Nothing that staff read of runs and orders names a buyer."""
    said = [*RunLine.objects.values_list("message", flat=True)]
    said += SyncRun.objects.values_list("reason", flat=True)
    said += [row.reason for row in rows.values()]
    everything = "\n".join(said)
    for raw in truth:
        address = raw.get("recipient", {}).get("deliveryAddress", {})
        buyer = raw.get("buyer", {})
        private = (buyer.get("buyerName"), buyer.get("buyerEmail"), address.get("addressLine1"))
        for word in private:
            if word and word in everything:
                world.judge.violated("buyer is named", f"{raw['orderId']}: {word!r}")
