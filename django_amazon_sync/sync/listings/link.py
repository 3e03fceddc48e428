"""Linking Amazon's SKUs to offers of the shop, whose own SKUs may be others.

A link decides whose stock an order takes and whose quantity is sent. So each one, whoever makes
it, changes in one transaction with the units that orders reserve, and Amazon's quantity is in
doubt from then on: ``_linked`` does both.

A link that staff made, or matching, is changed by staff only (``is_kept``): not by an offer whose
own SKU is equal, nor by a product that is made for an order, nor by matching again. That holds when
the offer is gone: then the SKU goes to zero, and is nobody else's. Who has the name of such a SKU
waits for staff (claims.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet

from django_amazon_sync.data import Offer
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    HOLDING_STATES,
    AccountState,
    AmazonOrderLine,
    Listing,
    Presence,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.offers.desired import sku_is_of_offer
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities
from django_amazon_sync.sync.runs.bulk import OFFERS_PER_CHUNK, chunks


@dataclass(frozen=True, slots=True)
class Link:
    """One SKU of the account and the offer that it is; ``matched``: by more than an equal SKU."""

    sku: str
    offer_pk: str
    matched: bool


def is_kept(row: SellerSku, offer_pk: str) -> bool:
    """Whether only staff may link the SKU to this offer: they, or matching, linked it to another
    one, whether the shop has that still or not."""
    return row.matched and row.offer_pk not in ("", offer_pk)


def link(
    account: SellerAccount, shop: Shop, links: Sequence[Link], *, by_staff: bool = False
) -> dict[str, str]:
    """Link each SKU to its offer, unless something speaks against it now: why not, by SKU.

    No two links have one SKU or one offer. A row of the offer's own SKU gives way where nothing
    was ever sent for it and Amazon has no such listing. The rows are locked before they are
    judged, so of two workers one wins, and the other is told.
    """
    with transaction.atomic():
        rows = _locked(account, links)
        mine = {row.sku: row for row in rows if row.account_id == account.pk}
        of_offer: dict[str, list[SellerSku]] = {}
        for row in mine.values():
            of_offer.setdefault(row.offer_pk, []).append(row)
        offers = _offers(account, shop, links, mine.values())
        there = _on_amazon(mine.values())
        refused: dict[str, str] = {}
        changed: list[SellerSku] = []
        for wanted in links:
            target = mine.get(wanted.sku)
            others = [row for row in of_offer.get(wanted.offer_pk, ()) if row is not target]
            if target is None:
                refused[wanted.sku] = "Its row is gone."
                continue
            reason = _why_not(wanted, target, others, offers, there)
            if not reason and not by_staff and is_kept(target, wanted.offer_pk):
                reason = str(was_linked_to_gone(target))
            if reason:
                refused[wanted.sku] = reason
                continue
            for leftover in others:
                leftover.offer_pk, leftover.matched = "", False
                leftover.problem = f"Its offer is sold on Amazon as {target.sku}."
            target.offer_pk, target.matched, target.problem = wanted.offer_pk, wanted.matched, ""
            target.former_offer_pk = ""
            changed += [target, *others]
        _save(account, changed)
        _linked(account, changed)
    return refused


def link_by_name(
    account: SellerAccount, links: Sequence[tuple[SellerSku, str]], *, alive: Collection[str]
) -> None:
    """Link rows, as they were read, to the offers of their names; one that somebody has linked
    otherwise since is left to the next look.

    Where the offer of before is not ``alive``, the units that orders of any account reserve of it
    are units of the new one: it was made again.
    """
    wanted = {row.pk: (row, offer) for row, offer in links}
    with transaction.atomic():
        rows = SellerSku.objects.filter(pk__in=wanted).order_by("pk").select_for_update()
        linked: list[SellerSku] = []
        made_again: dict[str, str] = {}
        for row in rows:
            read, offer = wanted[row.pk]
            if (row.offer_pk, row.matched) != (read.offer_pk, read.matched):
                continue
            if is_kept(row, offer):
                continue
            if row.offer_pk and row.offer_pk not in alive:
                made_again[row.offer_pk] = offer
            row.offer_pk, row.former_offer_pk, row.problem = offer, "", ""
            linked.append(row)
        _save(account, linked)
        _let_units_follow_everywhere(made_again)
    linked_by_name(account, linked)


def unlink_named(account: SellerAccount, rows: Iterable[SellerSku]) -> None:
    """Unlink rows, as they were read, that only a name linked and of which nothing was sent."""
    read = {row.pk: row.offer_pk for row in rows}
    with transaction.atomic():
        found = SellerSku.objects.filter(pk__in=read, matched=False, managed=False, sold_here=False)
        unlinked = []
        for row in found.order_by("pk").select_for_update():
            if row.offer_pk == read[row.pk]:
                row.offer_pk = ""
                unlinked.append(row)
        _save(account, unlinked)
        _let_reserved_units_follow(account, unlinked)  # also to no offer
        _linked(account, unlinked)


def link_made(account: SellerAccount, sku: str, offer_pk: str) -> bool:
    """Link a SKU to the offer that was made for an order of it; False where it is kept for another.

    In the transaction that places the order, which doubts the SKUs, and so locks them, first.
    """
    SellerSku.objects.get_or_create(account=account, sku=sku)
    row = SellerSku.objects.select_for_update(of=("self",)).get(account=account, sku=sku)
    if is_kept(row, offer_pk):
        return False
    row.offer_pk, row.former_offer_pk, row.problem = offer_pk, "", ""
    _save(account, [row])
    SellerSku.objects.filter(pk=row.pk).update(made_by_import=True)
    _let_reserved_units_follow(account, [row])
    return True


def was_linked_to_gone(row: SellerSku) -> Message:
    """What is to be said of a SKU whose offer is gone, to whom would have it."""
    return Message(Code.LINKED_TO_GONE, sku=row.sku, offer=row.offer_pk)


def _let_units_follow_everywhere(made_again: dict[str, str]) -> None:
    lines = AmazonOrderLine.objects.filter(
        order__state__in=HOLDING_STATES, offer_pk__in=made_again
    ).select_related("order")
    moved = list(lines.order_by("pk"))
    for line in moved:
        line.offer_pk = made_again[line.offer_pk]
    AmazonOrderLine.objects.bulk_update(moved, ["offer_pk"], batch_size=500)
    invalidate_quantities((line.order.account_id, line.sku, line.offer_pk) for line in moved)


def linked_by_name(account: SellerAccount, rows: Sequence[SellerSku]) -> None:
    """Offers were linked to the SKUs of their own names: new ones, recreated ones, renamed ones.

    Most of them no order knows, so that only those with units reserved are in doubt.
    """
    names = {row.sku: row.offer_pk for row in rows}
    for some in chunks(sorted(names), OFFERS_PER_CHUNK):
        with transaction.atomic():
            lines = _reserving(account, some).values_list("sku", "offer_pk")
            moved = {sku for sku, offer in lines if offer != names[sku]}
            if moved:
                known = SellerSku.objects.filter(account=account, sku__in=moved)
                _linked(account, list(known.order_by("pk").select_for_update()))


def _linked(account: SellerAccount, rows: Sequence[SellerSku]) -> None:
    """The units that orders reserve follow the links of these rows; their quantities are in
    doubt. In the caller's transaction."""
    _let_reserved_units_follow(account, [row for row in rows if row.offer_pk])
    invalidate_quantities((account.pk, row.sku, row.offer_pk) for row in rows)


def _locked(account: SellerAccount, links: Sequence[Link]) -> list[SellerSku]:
    """The rows of these SKUs, and all rows of these offers: what doubting them locks too.

    They are locked by one statement in the one order, so that it never waits crosswise.
    """
    rows = SellerSku.objects.filter(_concerned(account, links))
    return list(rows.order_by("pk").select_for_update())


def _concerned(account: SellerAccount, links: Sequence[Link]) -> Q:
    named = Q(account=account, sku__in=[link.sku for link in links])
    return named | Q(offer_pk__in=[link.offer_pk for link in links if link.offer_pk])


def _offers(
    account: SellerAccount, shop: Shop, links: Iterable[Link], rows: Iterable[SellerSku]
) -> dict[str, Offer]:
    pks = {wanted.offer_pk for wanted in links} | {row.offer_pk for row in rows if row.offer_pk}
    return {offer.pk: offer for offer in shop.offers(account.shop_scope, sorted(pks))}


def _on_amazon(rows: Iterable[SellerSku]) -> set[int]:
    present = Listing.objects.filter(sku__in=[row.pk for row in rows], presence=Presence.PRESENT)
    return set(present.values_list("sku_id", flat=True))


def _why_not(
    wanted: Link,
    target: SellerSku,
    others: Iterable[SellerSku],
    offers: dict[str, Offer],
    there: Collection[int],
) -> str:
    """Why this link must not be made, now that the rows are locked."""
    if wanted.offer_pk not in offers:
        return "The shop no longer has the offer."
    holder = offers.get(target.offer_pk)
    if holder is not None and holder.pk != wanted.offer_pk and sku_is_of_offer(target, holder):
        return f"SKU {target.sku} is linked to offer {holder.pk} of the shop by now."
    for row in others:
        if row.matched:
            return f"The offer is linked to SKU {row.sku} by now."
        renamed = not sku_is_of_offer(row, offers[wanted.offer_pk])
        if not renamed and (row.pk in there or row.managed):
            return f"The offer's SKU {row.sku} was sent to Amazon already; decide on its page."
    return ""


def _save(account: SellerAccount, rows: Sequence[SellerSku]) -> None:
    """Write the links."""
    # By pk these are all there: an upsert is an update, and ten times as fast as bulk_update.
    SellerSku.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["offer_pk", "former_offer_pk", "matched", "problem"],
    )


def _let_reserved_units_follow(account: SellerAccount, rows: Iterable[SellerSku]) -> None:
    """Units that orders reserve under these SKUs are units of their offers now."""
    offers = {row.sku: row.offer_pk for row in rows}
    moved = [line for line in _reserving(account, offers) if line.offer_pk != offers[line.sku]]
    for line in moved:
        line.offer_pk = offers[line.sku]
    AmazonOrderLine.objects.bulk_update(moved, ["offer_pk"])


def _reserving(account: SellerAccount, skus: Collection[str]) -> QuerySet[AmazonOrderLine]:
    """The lines of orders that reserve units under these SKUs."""
    return AmazonOrderLine.objects.filter(
        order__account=account, order__state__in=HOLDING_STATES, sku__in=list(skus)
    )


# --- By hand ------------------------------------------------------------------------------------


def link_by_hand(sku: SellerSku, offer_pk: str) -> None:
    """Link a SKU to the offer that staff name, whatever it was linked to; to none where empty.

    Several SKUs may be of one offer: each gets the quantity that can be sold.
    """
    account = sku.account
    with transaction.atomic():
        named = [Link(sku.sku, pk, matched=True) for pk in (sku.offer_pk, offer_pk)]
        row = next(row for row in _locked(account, named) if row.pk == sku.pk)
        before = row.offer_pk
        row.offer_pk, row.matched, row.problem = offer_pk, bool(offer_pk), ""
        row.former_offer_pk = ""  # whatever it was
        _save(account, [row])
        if offer_pk and _is_sold_from_now_on(account, row):
            SellerSku.objects.filter(pk=row.pk).update(sold_here=True)
        _let_reserved_units_follow(account, [row])  # also to no offer
        _linked(account, [row])
        invalidate_quantities([(account.pk, sku.sku, before)])
        changed_offers.note([(account.pk, before)])
    sku.offer_pk, sku.matched, sku.problem = row.offer_pk, row.matched, row.problem
    sku.former_offer_pk = row.former_offer_pk


def _is_sold_from_now_on(account: SellerAccount, row: SellerSku) -> bool:
    """Whether it goes to zero when the shop has the offer no more, though nobody looked before."""
    chosen = account.synchronise_all if row.synchronise is None else row.synchronise
    return chosen and account.state == AccountState.LIVE


# --- Another SKU ----------------------------------------------------------------------------------


class SkuTaken(Exception):
    """The account sells another offer under this SKU."""


def was_sent(sku: SellerSku) -> bool:
    """Whether Amazon has this SKU: to change it makes a new listing, without a history."""
    return sku.managed or sku.listings.filter(presence=Presence.PRESENT).exists()


def sell_under(
    account: SellerAccount, shop: Shop, offer: Offer, name: str, instead_of: SellerSku | None = None
) -> SellerSku:
    """Sell an offer under this SKU of the account, its own or another; the row of that SKU.

    Amazon knows no change of a SKU: another SKU is another listing
    (docs/amazon.md#a-sku-is-its-listings-name). So the row that it is sold
    ``instead_of`` goes to quantity 0 and is kept, linked, as buyers may have ordered it a moment
    ago; the new one begins with what staff chose for the old one. A row that Amazon never had just
    changes its name. Raises SkuTaken where another offer is sold under this SKU, or has it for its
    own in the shop.
    """
    if name != offer.sku and (other := _with_own_sku(account, shop, name, but=offer.pk)):
        raise SkuTaken(f"The shop's offer {other} has the SKU {name}.")
    named = [Link(name, offer.pk, matched=True)]
    with transaction.atomic():
        old = None
        if instead_of is not None:
            concerned = SellerSku.objects.filter(_concerned(account, named) | Q(pk=instead_of.pk))
            lock_with_listings(concerned.values_list("pk", flat=True))
            old = SellerSku.objects.get(pk=instead_of.pk)
        there = SellerSku.objects.filter(account=account, sku=name).exists()
        if old is not None and not there and not was_sent(old):
            row = _renamed(old, name)
        else:
            row, _made = SellerSku.objects.get_or_create(account=account, sku=name)
        locked = _locked(account, named)
        row = next(other for other in locked if other.pk == row.pk)
        if _is_anothers(account, shop, row, offer):
            raise SkuTaken(f"The account sells offer {row.offer_pk} under SKU {name}.")
        row.offer_pk, row.matched, row.problem = offer.pk, name != offer.sku, ""
        row.former_offer_pk = ""  # or it would wait for its own zero
        changed = [row]
        if old is not None and old.pk != row.pk:
            old = next(other for other in locked if other.pk == old.pk)
            _begin_with_choices_of(old, row)
            _give_up(old, row)
            changed.append(old)
        _save(account, changed)
        _linked(account, changed)
    return row


def _with_own_sku(account: SellerAccount, shop: Shop, name: str, *, but: str) -> str:
    """The first offer (pk) that the shop itself has under this SKU, beside one."""
    found = (offer for offer in shop.find(name, account.shop_scope) if offer.sku == name)
    return next((offer.pk for offer in found if offer.pk != but), "")


def lock_with_listings(skus: Collection[int]) -> None:
    """Lock these SKUs (pk) after their listings, as whoever sends does; in the caller's
    transaction."""
    listings: set[int] = set()
    for some in chunks(skus, OFFERS_PER_CHUNK):
        listings.update(Listing.objects.filter(sku__in=some).values_list("pk", flat=True))
    for model, pks in ((Listing, listings), (SellerSku, skus)):
        for some in chunks(sorted(pks), OFFERS_PER_CHUNK):
            rows = model._default_manager.filter(pk__in=some).order_by("pk").select_for_update()
            list(rows.values_list("pk"))


def _renamed(row: SellerSku, name: str) -> SellerSku:
    """The row under another name, of which nothing is known yet."""
    row.sku, row.channel, row.read_at = name, "", None
    row.save(update_fields=["sku", "channel", "read_at"])
    row.listings.update(presence=Presence.UNREAD, issues=[], read_at=None)
    state.renamed(row.listings.all())
    return row


def _is_anothers(account: SellerAccount, shop: Shop, row: SellerSku, offer: Offer) -> bool:
    if row.offer_pk in ("", offer.pk):
        return False
    holder = next(shop.offers(account.shop_scope, [row.offer_pk]), None)
    return holder is not None and sku_is_of_offer(row, holder)


def _begin_with_choices_of(old: SellerSku, new: SellerSku) -> None:
    """What staff chose for the old SKU holds for the new one."""
    columns = ("synchronise", "asin", "condition", "set_quantity", "own_values")
    for name in columns:
        setattr(new, name, getattr(old, name))
    new.save(update_fields=columns)
    mine = ("own_price", "own_values", "switches", "locked", "synchronise_here", "end_offer")
    for listing in old.listings.all():
        chosen = {name: getattr(listing, name) for name in mine}
        Listing.objects.get_or_create(
            sku=new, marketplace_id=listing.marketplace_id, defaults=chosen
        )


def _give_up(old: SellerSku, new: SellerSku) -> None:
    """Let a SKU that Amazon has go to quantity 0, and one that it has not to no offer."""
    if was_sent(old):
        old.synchronise, old.managed, old.matched = False, True, True
    else:
        old.offer_pk, old.matched = "", False
    old.problem = f"Its offer is sold on Amazon as {new.sku}."
    old.former_offer_pk = new.offer_pk
    old.save(update_fields=["synchronise", "managed"])
    invalidate_quantities([(old.account_id, old.sku, "")], explained=True)
