"""Orders in: store what changed on Amazon, then place what waits in the shop.

1. Search each open window, page by page; a page's orders and the next page's token are stored in
   one transaction.
2. Ask for each stored order that lacks its status or total by itself.
3. Place each waiting order in a transaction of its own, at most once; one that cannot be placed
   is put aside with its reason, holds its stock and never blocks the next.
4. Bring placed orders in line with what Amazon changed since: cancelled parts, requests to cancel.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from django_amazon_sync import clock, signals
from django_amazon_sync.amazon import orders as gateway
from django_amazon_sync.data import Money, OrderData, OrderPage, RunOptions, UnreadableOrder
from django_amazon_sync.errors import (
    AmazonError,
    AmazonSyncError,
    NotFound,
    NotYet,
    Rejected,
    Throttled,
)
from django_amazon_sync.messages import Code, Message, in_english
from django_amazon_sync.models import (
    AmazonOrder,
    AmazonOrderLine,
    OrderState,
    OrderWindow,
    Outcome,
    SellerAccount,
    SellerSku,
    WindowState,
)
from django_amazon_sync.rules.statuses import PAID, decide, status_now
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities
from django_amazon_sync.sync.orders import customers_and_products, windows
from django_amazon_sync.sync.orders.mappings import MAPPING_CODES, MappedChoices
from django_amazon_sync.sync.runs.work import SO_FAR, Work, isolated

FoundOrder = tuple[OrderData | UnreadableOrder, dict[str, Any]]

#: Orders that are asked for one by one in a run (getOrder: a burst of 30).
ASKED_SINGLY = 30


def import_orders(work: Work) -> None:
    """Run options: ``order`` (one Amazon id), ``orders`` (several), or ``since`` and ``until``
    (ISO 8601, aware), the latter with ``by_creation`` (when they were placed, instead of changed)
    and ``marketplaces`` (ids).

    All ask for older orders too: those from before the cut-over are placed without taking stock.
    What Amazon refuses or cannot answer stops the search, not the placing of what is stored; it
    is raised at the end.
    """
    stop: AmazonError | None = None
    try:
        fetch(work)
        ask_for_incomplete(work)
    except AmazonError as error:
        stop = error
    place_waiting(work)
    update_placed(work)
    if isinstance(stop, Throttled) and work.run.options.get("orders"):
        raise NotYet(str(stop), retry_at=stop.retry_at)
    if stop is not None:
        raise stop


# --- 1. Search ---------------------------------------------------------------------------------


def fetch(work: Work) -> None:
    """Search what the run was asked for, or the account's chain of windows."""
    options = work.run.options
    if number := options.get("order"):
        save_orders(work, [gateway.get_order(work.client, number)], asked_for=True)
    elif numbers := options.get("orders"):
        ask_for(work, numbers)
    elif options.get("since"):
        search(work, _swept_window(work.account, options), asked_for=True)
    else:
        for window in windows.chain(work.account):
            search(work, window, asked_for=window.swept)
        windows.forget_old(work.account)


def ask_for(work: Work, numbers: Sequence[str]) -> None:
    """Ask for orders one by one; one that Amazon does not have costs the others nothing.

    A run that has to wait for Amazon's limit goes on where it was.
    """
    options = work.run.options
    so_far = options.get(SO_FAR)
    start = so_far if isinstance(so_far, int) else 0
    for done, number in enumerate(numbers[start:], start=start + 1):
        work.lease.check()
        try:
            answer = gateway.get_order(work.client, number)
        except NotFound as lack:
            work.line(Outcome.FAILED, order_number=number, code=lack.code, message=str(lack))
        else:
            save_orders(work, [answer], asked_for=True)
        options[SO_FAR] = done
        work.run.save(update_fields=["options"])


def _swept_window(account: SellerAccount, options: RunOptions) -> OrderWindow:
    until = options.get("until")
    return OrderWindow.objects.create(
        account=account,
        start=datetime.fromisoformat(options["since"]),
        until=datetime.fromisoformat(until) if until else None,
        by_creation=bool(options.get("by_creation")),
        marketplaces=options.get("marketplaces") or [],
        swept=True,
    )


def search(work: Work, window: OrderWindow, *, asked_for: bool) -> None:
    """Save the window's pages to the last; a page token that died begins it anew, once."""
    begun_anew = False
    while window.state == WindowState.OPEN:
        work.lease.check()
        # What the search can answer for at the latest, should Amazon not say it.
        latest = work.client.now() - windows.LAG
        try:
            page = gateway.search_orders(
                work.client,
                marketplaces=window.marketplaces or _marketplaces(work.account),
                page_token=window.page_token,
                **_times(window),
            )
        except Rejected:
            if begun_anew or not window.page_token:
                raise
            # It dies with time, or with a change of marketplaces
            # (docs/amazon.md#order-tokens-live-a-day).
            _begin_anew(window)
            begun_anew = True
            continue
        save_page(work, window, page, latest=latest, asked_for=asked_for)
        if not page.next_token:
            return  # whoever marked the window done, this worker or another one


def _times(window: OrderWindow) -> dict[str, datetime | None]:
    """When the orders of a window were placed, or else changed."""
    kind = "created" if window.by_creation else "updated"
    return {f"{kind}_after": window.start, f"{kind}_before": window.until}


def _marketplaces(account: SellerAccount) -> list[str]:
    """All of them, also those not active: an order there is an order."""
    return list(account.marketplaces.order_by("code").values_list("code", flat=True))


def _begin_anew(window: OrderWindow) -> None:
    window.page_token, window.pages, window.end = "", 0, None
    window.save(update_fields=["page_token", "pages", "end"])


def save_page(
    work: Work, window: OrderWindow, page: OrderPage, *, latest: datetime, asked_for: bool
) -> None:
    """Save a page's orders and where the search goes on, both or neither."""
    ends = [page.complete_until or latest, window.end, window.until]
    with transaction.atomic():
        work.lease.check()
        save_orders(work, page.orders, asked_for=asked_for)
        window.end = min(end for end in ends if end is not None)
        window.page_token = page.next_token
        window.pages += 1
        window.save(update_fields=["end", "page_token", "pages"])
        if not page.next_token:
            window.move(WindowState.DONE)


# --- Saving ------------------------------------------------------------------------------------


def save_orders(work: Work, answers: Iterable[FoundOrder], *, asked_for: bool) -> None:
    """Save orders as Amazon shows them, in a fixed number of queries; old news change nothing."""
    found = {_number(read, raw): (read, raw) for read, raw in answers}
    if not found:
        return
    with transaction.atomic():
        rows = _locked_rows(work.account, found)
        changed = [
            (row, *found[row.number])
            for row in rows
            if _is_news(row, found[row.number][0], asked_for=asked_for)
        ]
        for row, read, raw in changed:
            before = row.state
            _take_in(row, read, raw, asked_for=asked_for)
            _say_what_became(work, row, before)
        AmazonOrder.objects.bulk_update([row for row, _read, _raw in changed], _TAKEN_IN)
        readable = [(row, read) for row, read, _ in changed if isinstance(read, OrderData)]
        _save_lines(work, readable)
        work.run.count("orders", len(changed))


def _number(read: OrderData | UnreadableOrder, raw: dict[str, Any]) -> str:
    """Amazon's id; an order without one is kept under the hash of its document."""
    if read.number:
        return read.number
    document = json.dumps(raw, sort_keys=True, default=str)
    return f"without-id-{hashlib.sha256(document.encode()).hexdigest()[:16]}"


def _locked_rows(account: SellerAccount, found: dict[str, FoundOrder]) -> list[AmazonOrder]:
    """The rows of these orders, new ones among them, locked in one fixed order."""
    AmazonOrder.objects.bulk_create(
        [
            AmazonOrder(account=account, number=number, state=OrderState.SEEN)
            for number in sorted(found)
        ],
        ignore_conflicts=True,
    )
    known = AmazonOrder.objects.filter(account=account, number__in=found)
    rows = list(known.order_by("number").select_for_update())
    for row in rows:
        row.account = account  # as it is, instead of a query for each
    return rows


def _is_news(row: AmazonOrder, read: OrderData | UnreadableOrder, *, asked_for: bool) -> bool:
    if row.updated_at is None or read.updated is None or read.updated > row.updated_at:
        return True
    # The same news once more: it matters where staff ask for an order that was only recorded,
    # or where the first answer was incomplete.
    if read.updated < row.updated_at:
        return False
    return row.state == OrderState.SEEN or (asked_for and row.state == OrderState.RECORDED)


_TAKEN_IN = [
    "marketplace",
    "channel",
    "status",
    "fulfilled_by",
    "service_level",
    "payment_methods",
    "state",
    "reason_code",
    "reason",
    "ordered_at",
    "updated_at",
    "ship_by",
    "deliver_by",
    "total",
    "currency",
    "difference",
    "takes_stock",
    "cancellation_requested",
    "document",
]


def _take_in(
    row: AmazonOrder, read: OrderData | UnreadableOrder, raw: dict[str, Any], *, asked_for: bool
) -> None:
    """Set the row to what Amazon shows now, and its state to what that means."""
    asked_for = asked_for or _was_asked_for(row)
    row.document = raw
    row.updated_at = read.updated or row.updated_at
    if isinstance(read, UnreadableOrder):
        if row.state not in (OrderState.PLACED, OrderState.CANCELLED):
            row.state = OrderState.QUARANTINED
        row.reason_code, row.reason = Code.UNREADABLE, read.reason
        return
    row.marketplace, row.channel = read.marketplace, read.channel
    row.status, row.fulfilled_by = read.status, read.fulfilled_by
    row.service_level = read.service_level[:100]
    row.payment_methods = list(read.payment_methods)
    row.ordered_at, row.ship_by, row.deliver_by = read.created, read.ship_by, read.deliver_by
    row.cancellation_requested = read.cancellation_requested
    if read.amounts is not None:
        row.total, row.currency = read.amounts.grand_total, read.amounts.currency
        row.difference = read.amounts.difference
    if row.state in (OrderState.PLACED, OrderState.CANCELLED):
        return  # told to the shop by update_placed
    decision = decide(read, cut_over=row.account.cut_over, asked_for=asked_for)
    row.state, row.takes_stock = OrderState(decision.state), decision.takes_stock
    row.reason_code, row.reason = decision.code, decision.reason


def _was_asked_for(row: AmazonOrder) -> bool:
    """An older order that staff asked for once stays so: left alone, it is only recorded."""
    return row.updated_at is not None and row.state != OrderState.RECORDED


def _say_what_became(work: Work, row: AmazonOrder, before: str) -> None:
    outcomes = {
        OrderState.RECORDED: Outcome.RECORDED,
        OrderState.QUARANTINED: Outcome.QUARANTINED,
        OrderState.HELD: Outcome.WAITING,
        OrderState.SEEN: Outcome.WAITING,
        OrderState.CANCELLED: Outcome.CANCELLED,
    }
    new = row.state != before or before == OrderState.SEEN
    if new and (outcome := outcomes.get(OrderState(row.state))):
        work.line(outcome, order_number=row.number, code=row.reason_code, message=row.reason)


def _save_lines(work: Work, orders: Sequence[tuple[AmazonOrder, OrderData]]) -> None:
    """Save the orders' lines, and doubt Amazon's quantity of each SKU among them."""
    offers = _doubted_offers(work, {line.sku for _row, read in orders for line in read.lines})
    lines = [
        AmazonOrderLine(
            order=row,
            item_id=line.item_id,
            sku=line.sku,
            asin=line.asin,
            title=line.title,
            offer_pk=offers.get(line.sku, ""),
            quantity=line.quantity,
            shipped=line.shipped,
        )
        for row, read in orders
        for line in read.lines
    ]
    AmazonOrderLine.objects.bulk_create(
        lines,
        update_conflicts=True,
        unique_fields=["order", "item_id"],
        update_fields=["sku", "asin", "title", "offer_pk", "quantity", "shipped"],
    )


def _doubted_offers(work: Work, skus: set[str]) -> dict[str, str]:
    """The shop's offer of each SKU, all of them in doubt from now on.

    Doubting locks the SKUs, so whoever links one is before us, and is read here, or finds the
    lines that we save.
    """
    offers = _offers_of(work, skus)
    account = work.account.pk
    invalidate_quantities((account, sku, offers.get(sku, "")) for sku in skus)
    linked = _linked_offers(work.account, skus)
    if moved := {sku: offer for sku, offer in linked.items() if offers.get(sku) != offer}:
        invalidate_quantities((account, sku, offer) for sku, offer in moved.items())
    return offers | moved


def _offers_of(work: Work, skus: set[str]) -> dict[str, str]:
    """The shop's offer of each SKU: as linked, else the first that has it for its own SKU."""
    offers = _linked_offers(work.account, skus)
    for sku in sorted(skus - offers.keys() - {""}):
        for offer in work.shop.find(sku, work.account.shop_scope):
            if offer.sku == sku:  # and not a barcode that reads the same
                offers.setdefault(sku, offer.pk)
    return offers


def _linked_offers(account: SellerAccount, skus: set[str]) -> dict[str, str]:
    linked = SellerSku.objects.filter(account=account, sku__in=skus).exclude(offer_pk="")
    return dict(linked.values_list("sku", "offer_pk"))


# --- 2. Ask for incomplete ones ------------------------------------------------------------------


def ask_for_incomplete(work: Work) -> None:
    """Ask by getOrder for orders whose status or total was missing, the oldest first."""
    incomplete = AmazonOrder.objects.filter(account=work.account, state=OrderState.SEEN)
    for number in list(incomplete.order_by("pk").values_list("number", flat=True)[:ASKED_SINGLY]):
        work.lease.check()
        save_orders(work, [gateway.get_order(work.client, number)], asked_for=False)


# --- 3. Place ------------------------------------------------------------------------------------


def place_waiting(work: Work) -> None:
    """Place each waiting order; those whose mapping was mended meanwhile wait again first."""
    orders = AmazonOrder.objects.filter(account=work.account)
    lacking = orders.filter(state=OrderState.QUARANTINED, reason_code__in=MAPPING_CODES)
    waiting = orders.filter(state=OrderState.WAITING).order_by("ordered_at", "pk")
    if not (lacking.exists() or waiting.exists()):
        return
    chooser = MappedChoices.of(work.account, work.shop)
    _free_mended(lacking, chooser)
    for pk in list(waiting.values_list("pk", flat=True)):
        work.lease.check()
        place(work, AmazonOrder.objects.defer("document").get(pk=pk), chooser)


def _free_mended(lacking: QuerySet[AmazonOrder], chooser: MappedChoices) -> None:
    """Let orders that lacked a mapping wait again, each as soon as its own is there."""
    mended = [order.pk for order in lacking.defer("document") if not chooser.stops(order)]
    AmazonOrder.objects.filter(pk__in=mended, state=OrderState.QUARANTINED).update(
        state=OrderState.WAITING, reason_code="", reason=""
    )


def place(work: Work, order: AmazonOrder, chooser: MappedChoices) -> None:
    """Place one order in its own transaction, or put it aside with its reason."""
    about = {"order_number": order.number}
    try:
        remarks = isolated(partial(_place_once, work, order, chooser))
    except AmazonSyncError as reason:
        quarantine(order, reason)
        work.line(Outcome.QUARANTINED, **about, code=reason.code, message=str(reason))
        return
    if remarks is None:
        return  # another worker has placed it
    if order.difference:
        difference = Money(order.difference, order.currency)
        remarks.insert(0, Message(Code.UNEXPLAINED, difference=difference))
    work.line(Outcome.PLACED, **about, message=in_english(remarks))


def _place_once(work: Work, order: AmazonOrder, chooser: MappedChoices) -> list[Message] | None:
    """Place the order in the shop and mark it, in the caller's transaction.

    What staff should know of it, in sentences; None where it does not wait any more.

    Taking the row's lock is the claim: of two workers the second waits here and then finds the
    order placed. What the order held is the shop's from the same moment on.
    """
    locked = AmazonOrder.objects.select_for_update().get(pk=order.pk)
    if locked.state != OrderState.WAITING:
        return None
    data = _for_the_shop(locked)
    choices = chooser.for_new(locked, data)
    made = customers_and_products.create_missing(work.account, work.shop, data)
    data = customers_and_products.with_offers(data, made.offers)
    shop_pk = work.shop.place_order(data, replace(choices, customer=made.customer))
    locked.move(
        OrderState.PLACED,
        shop_order_pk=shop_pk,
        placed_at=clock.now(),
        told_at=locked.updated_at,
        told_status=status_now(data),
        reason_code="",
        reason="",
    )
    invalidate_quantities(_skus_of(locked))
    customers_and_products.remember(locked, made.offers)
    transaction.on_commit(
        lambda: signals.order_placed.send_robust(sender=AmazonOrder, order=locked)
    )
    return made.remarks


def _for_the_shop(order: AmazonOrder) -> OrderData:
    """The order as Amazon shows it, each line with the shop's offer that its units are held of."""
    data = gateway.read_order(order.document)
    offers = dict(order.lines.values_list("item_id", "offer_pk"))
    lines = (replace(line, offer_pk=offers.get(line.item_id, "")) for line in data.lines)
    return replace(data, lines=tuple(lines))


def quarantine(order: AmazonOrder, reason: AmazonSyncError) -> None:
    """Put a waiting order aside; it keeps its document and holds its stock."""
    order.move(OrderState.QUARANTINED, reason_code=reason.code, reason=str(reason))


def replay(orders: Iterable[AmazonOrder]) -> int:
    """Let orders wait again, to be placed by the next import; how many may.

    Those are quarantined ones, and paid ones from before the cut-over that were only recorded.
    """
    return sum(
        order.move(OrderState.WAITING, reason_code="", reason="")
        for order in orders
        if order.state == OrderState.QUARANTINED
        or (order.reason_code == Code.BEFORE_CUT_OVER and order.status in PAID)
    )


# --- 4. Update -----------------------------------------------------------------------------------


def update_placed(work: Work) -> None:
    """Tell the shop of what Amazon changed on placed orders since they were placed."""
    untold = Q(told_at__lt=F("updated_at")) | Q(told_at__isnull=True)
    placed = AmazonOrder.objects.filter(untold, account=work.account, state=OrderState.PLACED)
    pks = list(placed.order_by("pk").values_list("pk", flat=True))
    if not pks:
        return
    chooser = MappedChoices.of(work.account, work.shop)
    for pk in pks:
        work.lease.check()
        _update(work, AmazonOrder.objects.defer("document").get(pk=pk), chooser)


def _update(work: Work, order: AmazonOrder, chooser: MappedChoices) -> None:
    """Update one placed order in its own transaction; where it cannot be, try with each run."""
    about = {"order_number": order.number}
    try:
        remark = isolated(partial(_update_once, work, order, chooser))
    except AmazonSyncError as reason:
        AmazonOrder.objects.filter(pk=order.pk).update(reason_code=reason.code, reason=str(reason))
        work.line(Outcome.FAILED, **about, code=reason.code, message=str(reason))
    else:
        cancelled = order.status == "CANCELLED"
        work.line(Outcome.CANCELLED if cancelled else Outcome.UPDATED, **about, message=remark)


def _update_once(work: Work, order: AmazonOrder, chooser: MappedChoices) -> str:
    """Tell the shop of one order; what staff should know of it."""
    locked = AmazonOrder.objects.select_for_update().get(pk=order.pk)
    data = _for_the_shop(locked)
    choices = chooser.for_placed(locked, data)
    remark = work.shop.update_order(locked.shop_order_pk, data, choices)
    told = {
        "told_at": locked.updated_at,
        "told_status": status_now(data),
        "reason_code": "",
        "reason": "",
    }
    if data.status == "CANCELLED":
        locked.move(OrderState.CANCELLED, **told)
    else:
        AmazonOrder.objects.filter(pk=locked.pk).update(**told)
    invalidate_quantities(_skus_of(locked))
    return remark


def _skus_of(order: AmazonOrder) -> list[tuple[int, str, str]]:
    lines = order.lines.values_list("sku", "offer_pk")
    return [(order.account_id, sku, offer) for sku, offer in lines]
