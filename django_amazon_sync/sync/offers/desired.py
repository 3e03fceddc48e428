"""What Amazon should show of a listing now: by the shop's offer, what staff chose, and the rules.

Field values are as the mappings of ``Listing`` keep them (see fields.py): ``price`` "12.90 EUR",
``quantity`` an int, ``name`` a text.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from django.db.models import Q

from django_amazon_sync import clock
from django_amazon_sync.data import FieldValue, FieldValues, Offer, Reckoning
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    MERCHANT_CHANNEL,
    Job,
    Listing,
    Marketplace,
    SellerSku,
    amazon_ships,
)
from django_amazon_sync.rules.names import name_problem
from django_amazon_sync.rules.prices import PriceRule, PriceStep, beside_rate, price_to_send
from django_amazon_sync.rules.stock import made_of, quantity_to_send
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.offers.fields import (
    NAME,
    OF_SHOP,
    PRICE,
    PRICE_BOUNDS,
    QUANTITY,
    REMOVED,
    own_fields,
    text_in,
)
from django_amazon_sync.sync.offers.price_checks import problems_of
from django_amazon_sync.sync.offers.rates import Find, rates_for
from django_amazon_sync.sync.runs.bulk import update_found
from django_amazon_sync.sync.runs.work import Work

#: An offer that the shop does not show is gone after a second look so much later.
ABSENCE_COUNTS = timedelta(minutes=10)


class SkuFields(Protocol):
    """What is needed of a SellerSku: the row itself, or those columns of it."""

    @property
    def synchronise(self) -> bool | None: ...
    @property
    def set_quantity(self) -> int | None: ...
    @property
    def channel(self) -> str: ...
    @property
    def offer_pk(self) -> str: ...
    @property
    def gone_since(self) -> datetime | None: ...
    @property
    def managed(self) -> bool: ...
    @property
    def sold_here(self) -> bool: ...
    @property
    def stock_version(self) -> int: ...
    @property
    def asin(self) -> str: ...


class LinkFields(Protocol):
    """What is needed of a SellerSku to know whose it is: the row itself, or those columns of it."""

    @property
    def sku(self) -> str: ...
    @property
    def matched(self) -> bool: ...


class ListingFields(Protocol):
    """What is needed of a Listing: the row itself, or those columns of it."""

    @property
    def own_price(self) -> Decimal | None: ...
    @property
    def synchronise_here(self) -> bool | None: ...
    @property
    def end_offer(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Chosen:
    """What staff chose for one listing beyond the shop's offer: own values of the SKU and of the
    listing, the listing's own switches, and whether only price and stock are sent.
    """

    values: Mapping[str, FieldValue] = field(default_factory=dict)
    switches: Mapping[str, bool] = field(default_factory=dict)
    locked: bool = False

    @classmethod
    def of(cls, listing: Listing) -> Chosen:
        """What is chosen in these rows."""
        values = {**listing.sku.own_values, **listing.own_values}
        return cls(values, listing.switches, listing.locked)


@dataclass(frozen=True)
class Rules:
    """What is set for one marketplace of one account, read once for a whole run.

    ``switches`` say of each field whether it goes out; one that is missing does. Where the
    marketplace is not ``active``, what is on sale there keeps its quantity in step and nothing
    else: the shop may sell out while it is there.
    """

    code: str
    price: PriceRule
    switches: Mapping[str, bool]
    buffer: int
    synchronise_all: bool
    amazon_wins: frozenset[str] = frozenset()
    active: bool = True

    def sends(self, name: str, chosen: Chosen) -> bool:
        """Whether a field goes out for a listing: its own switch, else the marketplace's."""
        if chosen.locked and name not in (PRICE, QUANTITY):
            return False
        if not self.active and name != QUANTITY:
            return False
        own = chosen.switches.get(name) if chosen.switches else None
        return self.switches.get(name, True) if own is None else own

    @classmethod
    def of(
        cls, marketplace: Marketplace, find: Find | None = None, today: date | None = None
    ) -> Rules:
        """The rules of one marketplace and its account; rates are as ``rates_for`` has them."""
        facts = marketplace.facts
        return cls(
            code=facts.id,
            price=PriceRule(
                currency=facts.currency,
                tax_included=facts.prices_include_tax,
                markup_percent=marketplace.markup_percent,
                ending=marketplace.price_ending,
                floor=marketplace.price_floor,
                rates=rates_for(marketplace, find, today),
            ),
            switches=switches_of(marketplace),
            buffer=marketplace.account.stock_buffer,
            synchronise_all=marketplace.account.synchronise_all,
            amazon_wins=amazon_wins(marketplace),
            active=marketplace.active,
        )


def switches_of(marketplace: Marketplace) -> dict[str, bool]:
    """A marketplace's switches: three have columns of their own."""
    return {
        **marketplace.switches,
        PRICE: marketplace.sync_price,
        QUANTITY: marketplace.sync_quantity,
        NAME: marketplace.sync_name,
    }


def rules_of(work: Work, *, with_inactive: bool = False) -> dict[int, Rules]:
    """The rules of the account's active marketplaces, by pk; with those that are not active where
    something of ours is on sale still.

    Those of which Amazon refuses what the job needs are left out, and the run says so: it begins
    with trying again what may be tried.
    """
    places = work.account.marketplaces.select_related("account")
    places = places.filter(access.is_in_use() if with_inactive else Q(active=True))
    needs = access.NEEDS.get(Job(work.run.job), (access.Part.LISTINGS,))
    for lack in access.refused().filter(account=work.account, part__in=needs).order_by("pk"):
        if lack.marketplace:
            places = places.exclude(code=lack.marketplace)
            if work.run.job != Job.CHANGES:  # a lane runs all the time
                work.leave_out(lack.marketplace, lack.reason)
    if codes := work.run.options.get("marketplaces"):
        places = places.filter(code__in=codes)
    return {marketplace.pk: Rules.of(marketplace) for marketplace in places.order_by("pk")}


@dataclass(slots=True)
class Desired:
    """Field to value, and for the fields that cannot be sent the sentence why.

    ``reckoning`` is what the quantity and the price are made of, where that was asked for. Of a
    converted price ``beside_rate`` is what it is made of beside its exchange rate.
    """

    values: FieldValues = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    reckoning: Reckoning | None = None
    beside_rate: str = ""


def sku_is_of_offer(sku: LinkFields, offer: Offer) -> bool:
    """Whether this SKU, linked to this offer, is still the offer's: matched, or of its name."""
    return sku.matched or sku.sku == offer.sku


def is_absent_for_good(offer: Offer | None, sku: SkuFields) -> bool:
    """Whether the shop has the offer no more: it said so, or a second look did not meet it either,
    as one look may fall into the middle of an import."""
    if offer is not None or not sku.offer_pk:
        return offer is None
    return sku.gone_since is not None and clock.now() - sku.gone_since >= ABSENCE_COUNTS


def note_absence(skus: Collection[int], *, told: bool) -> None:
    """The shop was seen without the offers of these SKUs (pk); ``told``: it said itself that they
    are gone."""
    since = clock.now() - (ABSENCE_COUNTS if told else timedelta(0))
    rows = SellerSku.objects.filter(pk__in=skus)
    update_found(rows.filter(Q(gone_since=None) | Q(gone_since__gt=since)), gone_since=since)
    later = rows.filter(gone_since__gt=clock.now() - ABSENCE_COUNTS)
    changed_offers.note_skus(later, at=clock.now() + ABSENCE_COUNTS)


def note_presence(skus: Collection[int]) -> None:
    """The shop has the offers of these SKUs (pk) again."""
    gone = SellerSku.objects.filter(pk__in=skus, gone_since__isnull=False)
    update_found(gone, gone_since=None)


def is_wanted(offer: Offer | None, sku: SkuFields, rules: Rules) -> bool:
    """Whether the shop sells this on Amazon: synchronised, and on sale in the shop."""
    synchronise = rules.synchronise_all if sku.synchronise is None else sku.synchronise
    return synchronise and offer is not None and offer.on_sale


def why_not_wanted(offer: Offer | None) -> str:
    """What in the shop stops that it is sold on Amazon, for staff; a row may keep it until the
    next look. That staff switched it off is no such reason: it ends with their next click."""
    if offer is None:
        return str(Message(Code.GONE_FROM_SHOP))
    return str(Message(Code.NOT_ON_SALE))


def desired(
    offer: Offer | None,
    sku: SkuFields,
    listing: ListingFields,
    rules: Rules,
    *,
    reserved: int,
    chosen: Chosen,
    believed: Mapping[str, FieldValue],
    reckon: bool = False,
) -> Desired:
    """What should be at Amazon; ``reserved`` are units that Amazon sold and the shop has not taken.

    What is gone from the shop or switched off goes to quantity 0, if it was ever sold from it
    here, and is left alone otherwise. Where only this marketplace is switched off, the quantity
    goes on: stores may share it (docs/amazon.md#stores-may-share-a-quantity), so no other number
    would be right.

    An own value that Amazon ``accepted`` and that staff took away since is to be ``REMOVED``. So is
    the price, and with it the offer, where staff ended that: until Amazon shows none the quantity
    goes on.

    ``reckon``: also say what they are made of, which takes time among very many.
    """
    result = Desired(reckoning=Reckoning() if reckon else None)
    if listing.end_offer and (sku.managed or sku.sold_here):
        result.values[PRICE] = REMOVED
    if offer is None or not is_wanted(offer, sku, rules):
        gone = offer is not None or is_absent_for_good(offer, sku)
        ours = (sku.managed or sku.sold_here) and rules.sends(QUANTITY, chosen)
        if gone and ours and sku.channel == MERCHANT_CHANNEL:
            result.values[QUANTITY] = 0
        return result
    if rules.sends(QUANTITY, chosen) and sku.channel in (MERCHANT_CHANNEL, ""):
        _desire_quantity(result, offer, sku, rules, reserved)
    if listing.synchronise_here is False or listing.end_offer:
        return result
    if rules.sends(PRICE, chosen):
        _desire_price(result, offer, listing, rules)
    if rules.sends(NAME, chosen):
        if problem := name_problem(offer.title):
            result.problems[NAME] = problem
        else:
            result.values[NAME] = offer.title
    if chosen.values or not believed.keys() <= OF_SHOP:
        _desire_own_values(result, rules, chosen, believed)
    return result


def _desire_own_values(
    result: Desired, rules: Rules, chosen: Chosen, believed: Mapping[str, FieldValue]
) -> None:
    """The staff's own values, as far as they fit together with the price."""
    sent = [field for field in own_fields() if rules.sends(field.name, chosen)]
    own = {field.name: chosen.values[field.name] for field in sent if field.name in chosen.values}
    # The bounds hold the price whether or not they are sent themselves.
    bounds = {name: chosen.values[name] for name in PRICE_BOUNDS if name in chosen.values}
    known = {PRICE: believed.get(PRICE), **result.values, **bounds, **own}
    problems = problems_of(known, rules.price.currency)
    result.problems |= {name: why for name, why in problems.items() if name in known}
    if PRICE in problems:
        result.values.pop(PRICE, None)
    for own_field in sent:
        if own_field.sent_with_quantity and QUANTITY not in result.values:
            continue
        if own_field.name in own and own_field.name not in problems:
            result.values[own_field.name] = own[own_field.name]
        elif own_field.name in believed and own_field.name not in own:
            result.values[own_field.name] = REMOVED


def _desire_quantity(
    result: Desired, offer: Offer, sku: SkuFields, rules: Rules, reserved: int
) -> None:
    decision = quantity_to_send(
        sellable=offer.quantity,
        set_quantity=sku.set_quantity,
        reserved=reserved,
        buffer=rules.buffer,
    )
    if decision.quantity is None:
        result.problems[QUANTITY] = decision.reason
        return
    result.values[QUANTITY] = decision.quantity
    if result.reckoning is not None:
        result.reckoning["quantity"] = made_of(
            sellable=offer.quantity,
            set_quantity=sku.set_quantity,
            reserved=reserved,
            buffer=rules.buffer,
        )


def _desire_price(result: Desired, offer: Offer, listing: ListingFields, rules: Rules) -> None:
    rule = _price_rule(listing, rules)
    steps: list[PriceStep] | None = None if result.reckoning is None else []
    decision = price_to_send(offer, rule, steps)
    if decision.price is None:
        result.problems[PRICE] = decision.reason
        return
    result.values[PRICE] = str(decision.price)
    result.beside_rate = beside_rate(offer, rule)
    if result.reckoning is not None and steps is not None:
        result.reckoning["price"] = [step.as_row for step in steps]


def _price_rule(listing: ListingFields, rules: Rules) -> PriceRule:
    if listing.own_price is None:
        return rules.price
    return replace(rules.price, own_price=listing.own_price)


def price_beside_rate(offer: Offer | None, listing: ListingFields, rules: Rules) -> str:
    """What a converted price is made of beside its exchange rate; empty where no rate makes it."""
    return "" if offer is None else beside_rate(offer, _price_rule(listing, rules))


def not_believed(values: FieldValues, believed: FieldValues, *, doubted: bool) -> FieldValues:
    """The desired values that Amazon does not have, as far as is known.

    ``doubted``: an order, or another cause for doubt, came after the believed quantity was
    computed.
    """
    changed = {name: value for name, value in values.items() if believed.get(name) != value}
    if doubted and QUANTITY in values:
        changed[QUANTITY] = values[QUANTITY]
    return changed


def amazon_wins(marketplace: Marketplace) -> frozenset[str]:
    """The fields in which Amazon's value stays where another hand changed it there.

    Never the quantity: what is not in the shop would be sold.
    """
    return frozenset(marketplace.amazon_wins) - {QUANTITY}


def drift_of(drift: FieldValues, name: str) -> FieldValues:
    """What was ``accepted`` of a drifted field and is ``live``; empty where it did not drift."""
    seen = drift.get(name)
    return seen if isinstance(seen, dict) else {}


def kept_by_amazon(drift: FieldValues, wins: Collection[str]) -> set[str]:
    """The drifted fields in which Amazon wins; one that it shows nothing of is not among them."""
    return {name for name in wins if drift_of(drift, name).get("live") is not None}


def can_be_made(
    sku: SkuFields, listing: ListingFields, offer: Offer | None, want: Desired, rules: Rules
) -> bool:
    """Whether a listing that Amazon does not have is offered anew."""
    return (
        rules.active
        and is_wanted(offer, sku, rules)
        and listing.synchronise_here is not False
        and not listing.end_offer
        and not want.problems
        and not amazon_ships(sku.channel)
    )


def creation_key(offer: Offer, sku: SkuFields, values: Mapping[str, FieldValue]) -> str:
    """What a creation is made of; a refused one is tried again when it changes.

    Not the quantity: it changes all the time, and is never what Amazon has against an offer.
    """
    codes = sorted(f"{code.kind}:{code.value}" for code in offer.identifiers)
    own = {name: value for name, value in values.items() if name not in OF_SHOP}
    texts = [json.dumps(own, sort_keys=True)] if own else []
    return " ".join([sku.asin, *codes, text_in(values, PRICE), *texts])
