"""Orders into the shop: each in a transaction of its own, at most once, and what changes later.

One that cannot be placed is put aside with all its reasons, keeps its document, holds its stock and
never blocks the next. It is tried again by itself once what it is placed with is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from django.db import transaction
from django.db.models import F, Q, QuerySet

from django_amazon_sync import clock, signals
from django_amazon_sync.amazon import orders as gateway
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.data import NO_OFFER, LineAmounts, Money, OrderAmounts, OrderData, OrderLine
from django_amazon_sync.errors import AmazonSyncError, ConfigurationError, Halted
from django_amazon_sync.messages import Code, Message, in_english
from django_amazon_sync.models import AmazonOrder, OrderState, Outcome, SellerSku
from django_amazon_sync.rules.buyers import without_buyer
from django_amazon_sync.rules.statuses import PAID, status_now
from django_amazon_sync.sync.listings import claims
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities
from django_amazon_sync.sync.orders import customers_and_products
from django_amazon_sync.sync.orders.mappings import MAPPING_CODES, MappedChoices
from django_amazon_sync.sync.orders.telling import without_its_buyer
from django_amazon_sync.sync.runs.work import Work, isolated

#: Reasons that may be gone once an order is placed with something else than before.
TRIED_AGAIN = (*MAPPING_CODES, Code.SHOP_REFUSED, Code.UNEXPECTED)


# --- Place ---------------------------------------------------------------------------------------


def place_waiting(work: Work) -> None:
    """Place each waiting order; those whose obstacle was mended meanwhile wait again first."""
    orders = AmazonOrder.objects.filter(account=work.account)
    aside = orders.filter(state=OrderState.QUARANTINED, reason_code__in=TRIED_AGAIN)
    waiting = orders.filter(state=OrderState.WAITING).order_by("ordered_at", "pk")
    if not (aside.exists() or waiting.exists()):
        return
    chooser = MappedChoices.of(work.account, work.shop)
    _free_mended(aside, chooser)
    for pk in list(waiting.values_list("pk", flat=True)):
        work.lease.check()
        order = AmazonOrder.objects.defer("document").filter(pk=pk).first()
        if order is not None:
            place(work, order, chooser)


def _free_mended(aside: QuerySet[AmazonOrder], chooser: MappedChoices) -> None:
    """Let orders wait again, each as soon as what stopped it may be gone."""
    mended = [
        order.pk
        for order in aside.defer("document")
        if chooser.fingerprint(order) != order.tried_with and not chooser.stops(order)
    ]
    AmazonOrder.objects.filter(pk__in=mended, state=OrderState.QUARANTINED).update(
        state=OrderState.WAITING, reason_code="", reason=""
    )


def place(work: Work, order: AmazonOrder, chooser: MappedChoices) -> None:
    """Place one order in its own transaction, or put it aside with its reason."""
    about = {"order_number": order.number}
    try:
        remarks = isolated(partial(_place_once, work, order, chooser))
    except (ConfigurationError, Halted):
        raise  # no fault of this order
    except AmazonSyncError as reason:
        told = without_its_buyer(order, str(reason))
        order.move(
            OrderState.QUARANTINED,
            reason_code=reason.code,
            reason=told,
            tried_with=chooser.fingerprint(order),
        )
        work.line(Outcome.QUARANTINED, **about, code=reason.code, message=told)
        return
    if remarks is None:
        return  # another worker has placed it
    if order.difference:
        difference = Money(order.difference, order.currency)
        remarks.insert(0, str(Message(Code.UNEXPLAINED, difference=difference)))
    work.line(Outcome.PLACED, **about, message=" ".join(remarks))


def _place_once(work: Work, order: AmazonOrder, chooser: MappedChoices) -> list[str] | None:
    """Place the order in the shop and mark it, in the caller's transaction.

    What staff should know of it, in sentences; None where it does not wait any more.

    Taking the row's lock is the claim: of two workers the second waits here and then finds the
    order placed. What the order held is the shop's from the same moment on.
    """
    locked = AmazonOrder.objects.select_for_update().get(pk=order.pk)
    if locked.state != OrderState.WAITING:
        return None
    stands = _what_lines_stand_for(work, locked)
    data = _for_the_shop(locked, stands.offers)
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
    invalidate_quantities(_skus_of(locked), explained=True)
    customers_and_products.remember(locked, made.offers)
    transaction.on_commit(
        lambda: signals.order_placed.send_robust(sender=AmazonOrder, order=locked)
    )
    remarks = [*stands.remarks, *made.remarks]
    return [without_buyer(in_english(remarks), data)] if remarks else []


@dataclass(frozen=True, slots=True)
class LinesStandFor:
    """The shop's offer (pk) of each line, by item id, and what staff should know of them."""

    offers: dict[str, str]
    remarks: list[Message]


def _what_lines_stand_for(work: Work, order: AmazonOrder) -> LinesStandFor:
    """What staff or matching linked the lines' SKUs to, be it gone, or the shop's offer of before.

    A line whose offer is gone names none: the shop looks for its SKU, which a product that was made
    again has. Where the SKU is linked to what is gone it goes on naming that, as the shop's product
    of an equal SKU is another one; so it may be where staff have to say whether it is that.
    """
    lines = list(order.lines.all())
    linked = SellerSku.objects.filter(
        account=work.account, sku__in=[line.sku for line in lines], matched=True
    )
    kept = dict(linked.exclude(offer_pk="").values_list("sku", "offer_pk"))
    named = {line.item_id: kept.get(line.sku, line.offer_pk) for line in lines}
    pks = sorted(set(named.values()) - {""})
    alive = {offer.pk for offer in work.shop.offers(work.account.shop_scope, pks)}
    gone = [line for line in lines if named[line.item_id] and named[line.item_id] not in alive]
    named |= {line.item_id: "" for line in gone if line.sku not in kept}
    said = {line.sku: kept[line.sku] for line in gone if line.sku in kept and line.quantity}
    remarks = [Message(Code.LINE_OF_GONE, sku=sku, offer=pk) for sku, pk in said.items()]
    unnamed = {line.sku for line in lines if not named[line.item_id] and line.sku}
    disputed = _disputed(work, unnamed)
    named |= {line.item_id: NO_OFFER for line in lines if line.sku in disputed}
    remarks += [Message(Code.MAY_BE_ANOTHER, sku=sku) for sku in sorted(disputed)]
    return LinesStandFor(named, remarks)


def _disputed(work: Work, skus: Iterable[str]) -> set[str]:
    """Those of these SKUs that the shop has too, perhaps of something else: staff have to say."""
    found = [
        offer
        for sku in sorted(skus)
        for offer in work.shop.find(sku, work.account.shop_scope)
        if offer.sku == sku
    ]
    disputed = claims.disputed(work.account, found)
    return {offer.sku for offer in found if offer.pk in disputed}


def _for_the_shop(order: AmazonOrder, offers: Mapping[str, str]) -> OrderData:
    """The order as Amazon shows it, each line with the shop's offer that it stands for.

    Lines that Amazon shows no more come with a quantity of 0, once the order is placed.
    """
    data = gateway.read_order(order.document)
    ours = {line.item_id: line for line in order.lines.all()}
    lines = [replace(line, offer_pk=offers.get(line.item_id, "")) for line in data.lines]
    if order.shop_order_pk:
        named = {line.item_id for line in lines}
        lines += [
            OrderLine(line.item_id, line.sku, line.asin, line.title, 0, offer_pk=offers[item_id])
            for item_id, line in ours.items()
            if line.item_id not in named and not line.quantity
        ]
    data = replace(data, lines=tuple(lines))
    return _as_it_is(order, data) if order.as_it_is and data.amounts is None else data


def _as_it_is(order: AmazonOrder, data: OrderData) -> OrderData:
    """The order with the sum of its lines for the total that Amazon never named."""
    currency = next((line.unit_price.currency for line in data.lines if line.unit_price), "")
    if not currency and order.marketplace in MARKETPLACES:
        currency = MARKETPLACES[order.marketplace].currency
    total = sum((line.amounts.gross for line in data.lines), LineAmounts().gross)
    return replace(data, amounts=OrderAmounts(currency, total))


def replay(orders: Iterable[AmazonOrder]) -> int:
    """Let orders wait again, to be placed by the next import; how many may.

    Those are quarantined ones, and paid ones from before the cut-over that were only recorded.
    Of one that lacks something, or cannot be read, Amazon is asked first.
    """
    return sum(map(_replay, orders))


def _replay(order: AmazonOrder) -> bool:
    if order.state == OrderState.QUARANTINED and order.reason_code in NOT_WHOLE:
        asked = AmazonOrder.objects.filter(pk=order.pk, state=OrderState.QUARANTINED)
        return asked.update(ask_at=clock.now(), tries=0) == 1
    if order.state == OrderState.QUARANTINED or (
        order.reason_code == Code.BEFORE_CUT_OVER and order.status in PAID
    ):
        return order.move(OrderState.WAITING, reason_code="", reason="", asked_for=True)
    return False


#: Reasons of orders that cannot be placed by what Amazon showed so far.
NOT_WHOLE = (
    Code.UNREADABLE,
    Code.MISPLACED,
    Code.NOT_SAVED,
    Code.ITEMS,
    Code.TOTAL,
    Code.STATUS,
    Code.LINES_MISSING,
)

#: Reasons of orders that staff can place as they are: with lines, and without a total or status.
PLACED_AS_IT_IS = (Code.TOTAL, Code.STATUS)


def place_as_it_is(orders: Iterable[AmazonOrder]) -> int:
    """Let orders be placed though Amazon names no total or status: at the sum of their lines."""
    return sum(
        order.move(
            OrderState.WAITING, reason_code="", reason="", as_it_is=True, ask_at=None, tries=0
        )
        for order in orders
        if order.state in (OrderState.SEEN, OrderState.QUARANTINED)
        and order.reason_code in PLACED_AS_IT_IS
    )


# --- Update --------------------------------------------------------------------------------------


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
        order = AmazonOrder.objects.defer("document").filter(pk=pk).first()
        if order is not None:
            _update(work, order, chooser)


def _update(work: Work, order: AmazonOrder, chooser: MappedChoices) -> None:
    """Update one placed order in its own transaction; where it cannot be, try with each run."""
    about = {"order_number": order.number}
    try:
        remark = isolated(partial(_update_once, work, order, chooser))
    except (ConfigurationError, Halted):
        raise  # no fault of this order
    except AmazonSyncError as reason:
        told = without_its_buyer(order, str(reason))
        AmazonOrder.objects.filter(pk=order.pk).update(reason_code=reason.code, reason=told)
        work.line(Outcome.FAILED, **about, code=reason.code, message=told)
    else:
        cancelled = order.status == "CANCELLED"
        work.line(Outcome.CANCELLED if cancelled else Outcome.UPDATED, **about, message=remark)


def _update_once(work: Work, order: AmazonOrder, chooser: MappedChoices) -> str:
    """Tell the shop of one order; what staff should know of it."""
    locked = AmazonOrder.objects.select_for_update().get(pk=order.pk)
    data = _for_the_shop(locked, _what_lines_stand_for(work, locked).offers)
    choices = chooser.for_placed(locked, data)
    remark = work.shop.update_order(locked.shop_order_pk, data, choices)
    told: dict[str, object] = {"told_at": locked.updated_at, "told_status": status_now(data)}
    if locked.ask_at is None:
        told |= {"reason_code": "", "reason": ""}
    if data.status == "CANCELLED":
        locked.move(OrderState.CANCELLED, **told)
    else:
        AmazonOrder.objects.filter(pk=locked.pk).update(**told)
    invalidate_quantities(_skus_of(locked), explained=True)
    return without_buyer(remark, data)


def _skus_of(order: AmazonOrder) -> list[tuple[int, str, str]]:
    lines = order.lines.values_list("sku", "offer_pk")
    return [(order.account_id, sku, offer) for sku, offer in lines]
