"""Units that Amazon sold and the shop has not taken yet, and doubt about Amazon's quantity.

Whoever computes a quantity reads in this order: the stock version, the reserved units, the shop's
stock. An order
that is placed in between is then counted twice for a moment, never missed.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum

from django_amazon_sync.models import (
    HOLDING_STATES,
    AmazonOrder,
    AmazonOrderLine,
    OfferChange,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.sync.offers import changed_offers


def units_reserved(offer_pks: Iterable[str] | None = None) -> dict[str, int]:
    """Per offer, the units that orders of all accounts hold; of all offers where none is named."""
    lines = lines_that_hold(offer_pks)
    return dict(lines.values_list("offer_pk").annotate(units=Sum("quantity")))


def lines_that_hold(offer_pks: Iterable[str] | None = None) -> QuerySet[AmazonOrderLine]:
    """The lines of orders that hold units of these offers, or of any."""
    lines = AmazonOrderLine.objects.filter(
        order__state__in=HOLDING_STATES, order__takes_stock=True
    ).exclude(offer_pk="")
    if offer_pks is not None:
        lines = lines.filter(offer_pk__in=[pk for pk in offer_pks if pk])
    return lines


def units_held(order: AmazonOrder) -> int:
    """The units that one order keeps from sale until it is placed; those of no offer are none."""
    if not (order.takes_stock and order.state in HOLDING_STATES):
        return 0
    return order.lines.exclude(offer_pk="").aggregate(units=Sum("quantity"))["units"] or 0


def invalidate_quantities(
    lines: Iterable[tuple[int, str, str]], *, explained: bool = False
) -> None:
    """Amazon's quantity of these SKUs is unknown from now on: it is computed anew and sent.

    ``lines`` are (account pk, SKU, offer pk). The other accounts that sell the same offer are
    meant too, as they share its stock. ``explained``: an order of Amazon's is the cause, or a
    sale that the shop named, so a zero has its reason. Called in the transaction of what causes
    the doubt.
    """
    doubted = _doubt(_sharing_stock(lines), explained=explained)
    changed_offers.note(doubted)


def lock_quantities(lines: Iterable[tuple[int, str, str]]) -> None:
    """Lock what ``invalidate_quantities`` will change of these lines, where the same transaction
    locks in between what comes after SKUs."""
    _locked(_sharing_stock(lines))


def _sharing_stock(lines: Iterable[tuple[int, str, str]]) -> QuerySet[SellerSku]:
    """The SKUs of these (account pk, SKU, offer pk), and all others of the same offers."""
    by_account: dict[int, set[str]] = {}
    offers: set[str] = set()
    for account, sku, offer in lines:
        by_account.setdefault(account, set()).add(sku)
        if offer:
            offers.add(offer)
    which = Q(offer_pk__in=offers)
    for account, skus in by_account.items():
        which |= Q(account=account, sku__in=skus)
    return SellerSku.objects.filter(which)


def explain_by_sales(account: SellerAccount) -> frozenset[str]:
    """What the shop's own customers bought, as it said since the last time, is why quantities of
    these offers (pk) fall. The lane looks at them anyway, as the sales are noted changes."""
    sold = OfferChange.objects.filter(account=account, sold=True)
    with transaction.atomic():
        noted = dict(sold.values_list("pk", "offer_pk"))
        if noted:
            skus = SellerSku.objects.filter(account=account, offer_pk__in=set(noted.values()))
            _doubt(skus, explained=True)
            OfferChange.objects.filter(pk__in=list(noted)).update(sold=False)
    return frozenset(noted.values())


def _doubt(skus: QuerySet[SellerSku], *, explained: bool) -> list[tuple[int, str]]:
    """Make the stock version of these SKUs higher; returns (account pk, offer pk) of each."""
    newer = {"stock_version": F("stock_version") + 1}
    if explained:
        newer["explained_version"] = F("stock_version") + 1
    with transaction.atomic(savepoint=False):
        doubted = _locked(skus)
        SellerSku.objects.filter(pk__in=[pk for pk, _account, _offer in doubted]).update(**newer)
    return [(account, offer) for _pk, account, offer in doubted]


def _locked(skus: QuerySet[SellerSku]) -> list[tuple[int, int, str]]:
    """Pk, account pk and offer pk of each, locked in one fixed order, so that two workers never
    lock the same rows crosswise."""
    locked = skus.order_by("pk").select_for_update()
    return list(locked.values_list("pk", "account_id", "offer_pk"))
