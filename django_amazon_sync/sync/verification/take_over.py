"""Values over from Amazon, on request: name, price or quantity of chosen SKUs into the shop.

1. Bring orders up, as Amazon's quantity is what is left after all of them. A quantity is read
   twice: the second reading counts, if it shows the same once the orders up to the first one are
   known; a sale that no search shows yet would be taken from the shop's stock a second time.
2. Read the SKUs from Amazon, twenty a call; of several marketplaces the first that has one counts.
3. Per field: what goes out is refused, as it would go back and forth for ever; so is what Amazon
   does not show for certain, and what the shop could not keep as it is.
4. A dry run says the difference. Otherwise the shop takes it, one transaction for each offer, and
   Amazon's value counts as accepted, so that nothing bounces back.

Nothing is ever sent to Amazon here. A field in which Amazon wins does not go out once it drifted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

from django.db import transaction

from django_amazon_sync import clock
from django_amazon_sync.amazon.listings import SKUS_PER_SEARCH
from django_amazon_sync.data import (
    FieldValues,
    ListingFacts,
    Money,
    Offer,
    OfferUpdate,
    SkuFacts,
)
from django_amazon_sync.errors import (
    AmazonSyncError,
    ConfigurationError,
    NotSupported,
    NotYet,
    ShopRefused,
    Unexpected,
)
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    MERCHANT_CHANNEL,
    Listing,
    Marketplace,
    Outcome,
    Presence,
    RunLine,
    SellerSku,
)
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.accounts.access import is_in_use
from django_amazon_sync.sync.export.new_rates import bring_up_rates
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.listings.explain import offer_of
from django_amazon_sync.sync.listings.in_flight import fields_on_their_way
from django_amazon_sync.sync.listings.read_listings import is_proof, observe
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.offers.desired import (
    Chosen,
    Desired,
    Rules,
    desired,
    kept_by_amazon,
    sku_is_of_offer,
    why_not_wanted,
)
from django_amazon_sync.sync.offers.fields import NAME, PRICE, QUANTITY
from django_amazon_sync.sync.offers.reserved_units import units_reserved
from django_amazon_sync.sync.orders.up_to_date import (
    bring_up_orders,
    orders_complete,
    orders_known_past,
)
from django_amazon_sync.sync.runs.bulk import chunks, in_pages
from django_amazon_sync.sync.runs.selection import is_about_some, within
from django_amazon_sync.sync.runs.work import SO_FAR, Work

#: When a quantity is read a second time: orders show a few minutes later.
SECOND_READING = timedelta(minutes=5)

#: What may be taken over, in the order that people read it.
TAKE_OVER_FIELDS = (NAME, PRICE, QUANTITY)

#: What the ``shop`` and ``amazon`` have of each field in which they differ, or that drifted.
Differences: TypeAlias = dict[str, FieldValues]

#: What a run showed, by SKU and marketplace (id).
ShownValues: TypeAlias = dict[tuple[str, str], FieldValues]


def take_over(work: Work) -> None:
    """Run options: ``skus`` or a selection, ``fields`` (of FIELDS), ``marketplaces`` (ids; the
    first that lists a SKU counts, and without any all active ones do), ``shown`` (pk of the run
    that showed what is taken over), ``showed`` (what a page showed of Amazon, by field)."""
    fields = _fields_of(work)
    shown = _shown_values(work)
    if type(work.shop).apply is Shop.apply:
        raise NotSupported(f"{type(work.shop).__name__} takes nothing over from Amazon.")
    if QUANTITY in fields:
        bring_up_orders(work, lately_is_enough=False)
    bring_up_rates(work)
    in_use = work.account.marketplaces.filter(is_in_use()).select_related("account")
    rules = {marketplace.pk: Rules.of(marketplace) for marketplace in in_use}
    active = [marketplace for marketplace in in_use if marketplace.active]
    chosen = _in_order(active, work.run.options.get("marketplaces") or [])
    so_far = work.run.options.get(SO_FAR)
    after = so_far if isinstance(so_far, int) else 0  # the SKU (pk) that was done last
    skus = within(work.run, SellerSku.objects.filter(account=work.account, pk__gt=after))
    work.expect(skus.count(), "searchListingsItems", per_call=SKUS_PER_SEARCH)
    pks = skus.order_by("pk").values_list("pk", flat=True)
    if QUANTITY in fields and so_far is None and not work.run.dry_run:
        _read_first(work, list(pks), rules, chosen)
    for chunk in chunks(in_pages(pks), SKUS_PER_SEARCH):
        for read in _read(work, _without_taken(work, chunk), rules, chosen):
            _take_over_sku(work, read, fields, shown)
        with transaction.atomic():
            work.lease.check()
            if QUANTITY in fields and not work.run.dry_run:
                state.readings_are_done(work.account, chunk)
            work.save_lines()
            work.run.options[SO_FAR] = chunk[-1]
            work.run.save(update_fields=["options"])
        work.advance(len(chunk))
        work.give_way()


def _without_taken(work: Work, pks: Sequence[int]) -> Sequence[int]:
    """These SKUs (pk) without those that a worker of this run took over before it died."""
    if not work.goes_on:
        return pks
    lines = RunLine.objects.filter(run=work.run, outcome=Outcome.TAKEN_OVER)
    left = SellerSku.objects.filter(pk__in=pks).exclude(sku__in=lines.values("sku"))
    return list(left.order_by("pk").values_list("pk", flat=True))


def _read_first(
    work: Work, pks: Sequence[int], rules: Mapping[int, Rules], chosen: Sequence[int]
) -> None:
    """Read the quantities a first time, and go on once the orders up to now are known. Raises
    NotYet; a worker that dies before leaves the first reading to the next."""
    waits = False
    for chunk in chunks(pks, SKUS_PER_SEARCH):
        at = work.client.now()
        live = {
            read.listing.pk: read.facts.live_quantity
            for read in _read(work, chunk, rules, chosen)
            if read.listing and read.facts and read.facts.live_quantity is not None
            if QUANTITY not in read.goes_out and read.sku.channel == MERCHANT_CHANNEL
        }
        state.read_first(live, at)
        waits = waits or bool(live)
    until = clock.now() + SECOND_READING
    work.run.options[SO_FAR] = 0  # from here on it is the second reading
    work.run.not_before = until if waits else None  # also for who comes after a worker that died
    work.run.save(update_fields=["options", "not_before"])
    if waits:
        raise NotYet(
            "It reads the quantities once more when the orders up to now are known; it goes on by "
            "itself.",
            retry_at=until,
        )


def _fields_of(work: Work) -> Sequence[str]:
    named = work.run.options.get("fields") or []
    if not named or not set(named) <= set(TAKE_OVER_FIELDS):
        raise ConfigurationError(f"Choose what is taken over: {', '.join(TAKE_OVER_FIELDS)}.")
    if not is_about_some(work.run):
        raise ConfigurationError("Choose the SKUs whose values are taken over.")
    return [name for name in TAKE_OVER_FIELDS if name in named]


def _shown_values(work: Work) -> ShownValues | None:
    """What the run showed that staff said yes to; None where they said yes to whatever it is."""
    pk = work.run.options.get("shown")
    if pk is None:
        return None
    lines = RunLine.objects.filter(run=pk, run__account=work.account, outcome=Outcome.PLANNED)
    rows = in_pages(lines.values_list("pk", "sku", "marketplace", "values"))
    return {(sku, marketplace): values for _pk, sku, marketplace, values in rows}


def _in_order(marketplaces: Iterable[Marketplace], codes: Sequence[str]) -> list[int]:
    """The chosen marketplaces (pk), in the order in which they were chosen."""
    by_code = {marketplace.code: marketplace.pk for marketplace in marketplaces}
    if missing := [code for code in codes if code not in by_code]:
        raise ConfigurationError(f"The account has no active marketplace {missing[0]}.")
    return [by_code[code] for code in codes or sorted(by_code)]


# --- One SKU --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Read:
    """A SKU with all that decides: its offer, what Amazon shows, what goes out of it.

    ``listing`` is the one that counts, None where Amazon has it in no chosen marketplace;
    ``reserved`` are units that Amazon sold and the shop has not taken; ``stock_version`` is from
    before Amazon was read.
    """

    sku: SellerSku
    listing: Listing | None
    rules: Rules | None
    offer: Offer | None
    facts: SkuFacts | None
    goes_out: frozenset[str]
    on_their_way: frozenset[str]
    reserved: int
    stock_version: int

    @property
    def about(self) -> dict[str, str]:
        code = self.listing.marketplace.code if self.listing else ""
        return {"sku": self.sku.sku, "marketplace": code}

    @property
    def there(self) -> ListingFacts:
        """What Amazon shows of the listing that counts."""
        assert self.facts is not None
        assert self.listing is not None
        there = self.facts.in_marketplace(self.listing.marketplace.code)
        assert there is not None
        return there


class _Refused(Exception):
    """Why a field is not taken over, for the line."""

    def __init__(self, code: Code, message: str, outcome: Outcome = Outcome.FAILED) -> None:
        super().__init__(message)
        self.code, self.outcome = code, outcome


def _read(
    work: Work, pks: Sequence[int], rules: Mapping[int, Rules], chosen: Sequence[int]
) -> list[Read]:
    """Read these SKUs (pks) from Amazon and their offers from the shop."""
    skus = list(SellerSku.objects.filter(pk__in=pks).order_by("pk"))
    versions = {sku.pk: sku.stock_version for sku in skus}
    listings = Listing.objects.filter(sku__in=versions, marketplace__in=rules).order_by("pk")
    rows = list(listings.select_related("sku__account", "marketplace__account"))
    facts = observe(work, [row for row in rows if row.marketplace_id in chosen]).facts
    offer_pks = sorted({sku.offer_pk for sku in skus if sku.offer_pk})
    offers = {offer.pk: offer for offer in work.shop.offers(work.account.shop_scope, offer_pks)}
    reserved = units_reserved(offer_pks)
    busy = fields_on_their_way([row.pk for row in rows])
    found = []
    for sku in skus:
        mine = [row for row in rows if row.sku_id == sku.pk]
        offer = offers.get(sku.offer_pk)
        if offer is not None and not sku_is_of_offer(sku, offer):
            offer = None
        there = [row for pk in chosen for row in mine if row.marketplace_id == pk]
        there = [row for row in there if _is_seen(row, facts.get(sku.sku))]
        listing = there[0] if there else None
        found.append(
            Read(
                sku=listing.sku if listing else sku,
                listing=listing,
                rules=rules[listing.marketplace_id] if listing else None,
                offer=offer,
                facts=facts.get(sku.sku),
                goes_out=frozenset(_goes_out(mine, listing, offer, rules)),
                on_their_way=frozenset(busy.get(listing.pk, ())) if listing else frozenset(),
                reserved=reserved.get(sku.offer_pk, 0),
                stock_version=versions[sku.pk],
            )
        )
    return found


def _is_seen(row: Listing, facts: SkuFacts | None) -> bool:
    return (
        row.presence == Presence.PRESENT
        and facts is not None
        and facts.in_marketplace(row.marketplace.code) is not None
    )


def _goes_out(
    mine: Sequence[Listing],
    listing: Listing | None,
    offer: Offer | None,
    rules: Mapping[int, Rules],
) -> set[str]:
    """The fields that go out: of this listing, and of any listing where stores share a number. To a
    store that is switched off the quantity goes out while something is on sale there."""
    fields: set[str] = set()
    for row in mine:
        if row.presence == Presence.ABSENT and not rules[row.marketplace_id].active:
            continue
        want = _wanted(offer, row, rules[row.marketplace_id], reserved=0)
        wanted = want.values.keys() | want.problems.keys()
        wanted -= kept_by_amazon(row.drift, rules[row.marketplace_id].amazon_wins)
        fields |= wanted if listing is not None and row.pk == listing.pk else wanted & {QUANTITY}
    return fields


def goes_out(listing: Listing) -> set[str]:
    """The fields of a listing (with SKU, marketplace and account loaded) that go out, and so are
    not taken over. Raises ConfigurationError where there is no shop.
    """
    in_use = Marketplace.objects.filter(is_in_use(), account=listing.sku.account_id)
    rows = listing.sku.listings.filter(marketplace__in=in_use)
    with_account = rows.select_related("sku__account", "marketplace__account")
    # A page asks this too, which a lost key must not take away.
    secrets = ("sku__account__refresh_token", "marketplace__account__refresh_token")
    mine = list(with_account.defer(*secrets))
    rules = {row.marketplace_id: Rules.of(row.marketplace) for row in mine}
    return _goes_out(mine, listing, offer_of(listing), rules) & set(TAKE_OVER_FIELDS)


def _wanted(offer: Offer | None, row: Listing, rules: Rules, *, reserved: int) -> Desired:
    return desired(
        offer, row.sku, row, rules, reserved=reserved, chosen=Chosen.of(row), believed=row.believed
    )


def _take_over_sku(
    work: Work, read: Read, fields: Sequence[str], shown: ShownValues | None
) -> None:
    """Take over what may be of one SKU; what may not gets its line, and says why."""
    if read.offer is None:
        work.line(Outcome.FAILED, **read.about, code=Code.OFFER, message=why_not_wanted(None))
        return
    if read.listing is None:
        message = "Amazon does not list it in the chosen marketplaces, or does not show it yet."
        work.line(Outcome.FAILED, **read.about, code=Code.ABSENT, message=message)
        return
    update = OfferUpdate(read.offer.pk)
    differing: Differences = {}
    for name in fields:
        try:
            update, values = _with(work, read, read.offer, name, update)
        except _Refused as why:
            work.line(why.outcome, **read.about, code=why.code, message=str(why))
            continue
        if values["shop"] != values["amazon"] or name in read.listing.drift:
            differing[name] = values  # where the shop has it already, the drift ends
        else:
            work.run.count("in_step")
    others = _unlike_the_page(work, read, differing)
    if shown is not None:
        others |= _others(read, differing, shown)
    if others:
        message = "It is no longer what was shown, at Amazon or in the shop; look at it again."
        work.line(Outcome.WAITING, **read.about, values=others, code=Code.CHANGED, message=message)
        differing = {name: its for name, its in differing.items() if name not in others}
    if differing:
        _apply(work, read, read.listing, update, differing)


def _others(read: Read, differing: Differences, shown: ShownValues) -> Differences:
    """What differs otherwise than it was shown."""
    assert read.listing is not None
    its = shown.get((read.sku.sku, read.listing.marketplace.code), {})
    return {name: values for name, values in differing.items() if its.get(name) != values}


def _unlike_the_page(work: Work, read: Read, differing: Differences) -> Differences:
    """What Amazon shows otherwise than the page did from which this was asked for."""
    showed = work.run.options.get("showed") or {}
    return {
        name: values
        for name, values in differing.items()
        if name in showed
        and showed[name] != (_live_quantity(read) if name == QUANTITY else values["amazon"])
    }


def _with(
    work: Work, read: Read, offer: Offer, name: str, update: OfferUpdate
) -> tuple[OfferUpdate, FieldValues]:
    """The update with one more field, and what the shop and Amazon have of it. Raises _Refused."""
    if name in read.goes_out:
        raise _Refused(
            Code.GOES_OUT,
            f"The {name} goes out to Amazon, so it is not taken over: switch it off for this "
            "listing, or for the marketplace.",
        )
    if name in read.on_their_way:
        raise _Refused(
            Code.ON_ITS_WAY,
            f"A change of the {name} is on its way to Amazon; take it over once that is settled.",
            Outcome.WAITING,
        )
    if name == NAME:
        title = _title(read)
        return replace(update, title=title), {"shop": offer.title, "amazon": title}
    if name == PRICE:
        price = _price(read, offer)
        shop = None if offer.price is None else str(offer.price.rounded())
        return replace(update, price=price), {"shop": shop, "amazon": str(price)}
    quantity = _quantity(work, read, offer)
    return replace(update, quantity=quantity), {"shop": offer.quantity, "amazon": quantity}


def _title(read: Read) -> str:
    title = read.there.title.strip()
    if not title:
        raise _Refused(Code.NAME, "Amazon shows no title of it.")
    return title


def _price(read: Read, offer: Offer) -> Money:
    there = read.there
    if there.live_price is None or not is_proof(there):
        raise _Refused(
            Code.PRICE,
            "Amazon shows no regular price of it now: none is live, or a sale covers it. "
            "Try again when buyers see the regular one.",
        )
    price = there.live_price.rounded()
    if offer.price is not None and offer.price.currency != price.currency:
        raise _Refused(
            Code.CURRENCY,
            f"The shop has its price in {offer.price.currency} and Amazon in {price.currency}; "
            "set the price in the shop, or choose a marketplace of the shop's currency.",
        )
    assert read.rules is not None
    if read.rules.price.tax_included and offer.price_includes_tax is not True:
        raise _Refused(
            Code.TAX,
            "Amazon's price includes tax, and the shop does not say that its own does; "
            "set the price in the shop.",
        )
    return price


def _quantity(work: Work, read: Read, offer: Offer) -> int:
    """What the shop may sell: Amazon's number, and what it sold that the shop has yet to take."""
    if read.sku.fulfilled_by_amazon:
        raise _Refused(Code.AMAZONS_STOCK, "Amazon ships it: its units there are not yours.")
    live = read.facts.live_quantity if read.facts else None
    if read.sku.channel != MERCHANT_CHANNEL or live is None:
        raise _Refused(Code.QUANTITY, "Amazon shows no quantity of it.")
    if offer.quantity is None:
        raise _Refused(Code.QUANTITY, "The shop does not track the stock of it.")
    assert read.listing is not None
    first = read.listing.suspected
    if not work.run.dry_run and first.get("live") != live:
        raise _Refused(
            Code.CHANGED, "It changed while it was taken over; take it over again.", Outcome.WAITING
        )
    known = orders_complete(work) if work.run.dry_run else orders_known_past(work, first)
    if not known:
        raise _Refused(
            Code.ORDERS,
            "Amazon's quantity is what orders left, and these are not all known; import orders, "
            "then take it over.",
            Outcome.WAITING,
        )
    return live + read.reserved


# --- Into the shop --------------------------------------------------------------------------------


def _apply(
    work: Work, read: Read, listing: Listing, update: OfferUpdate, differing: Differences
) -> None:
    """Let the shop take these values, or say what it would take."""
    kept = [name for name in TAKE_OVER_FIELDS if name in differing]
    update = OfferUpdate(
        update.pk,
        title=update.title if NAME in kept else None,
        price=update.price if PRICE in kept else None,
        quantity=update.quantity if QUANTITY in kept else None,
    )
    try:
        if work.run.dry_run:
            _check_bounce(read, listing, _updated(read, update), differing)
            message = "Nothing is sent: the shop would take this over."
            work.line(Outcome.PLANNED, **read.about, values=differing, message=message)
            return
        with transaction.atomic():
            work.lease.check()
            # The shop's rows are locked first, as placing an order does.
            work.shop.apply(update)
            _check_unchanged(read, listing, differing)
            _check_bounce(read, listing, _offer_now(work, update.pk), differing)
            _accept(read, listing, differing)
            # Where it is sold elsewhere too, the shop's new value goes there.
            changed_offers.note([(work.account.pk, update.pk)])
            work.line(Outcome.TAKEN_OVER, **read.about, values=differing)
            work.save_lines()  # what was taken over is told, whenever the worker dies
    except _Refused as why:
        work.line(why.outcome, **read.about, values=differing, code=why.code, message=str(why))
    except (ShopRefused, NotSupported) as why:
        work.line(Outcome.FAILED, **read.about, values=differing, code=why.code, message=str(why))
    except AmazonSyncError:
        raise
    except Exception as fault:  # noqa: BLE001 -- the border of one SKU: the others go on
        reason = Unexpected.from_fault(fault)
        about = read.about | {"code": reason.code, "message": str(reason)}
        work.line(Outcome.FAILED, **about, values=differing)


def _updated(read: Read, update: OfferUpdate) -> Offer:
    """The offer as it would be."""
    assert read.offer is not None
    return replace(
        read.offer,
        title=read.offer.title if update.title is None else update.title,
        price=read.offer.price if update.price is None else update.price,
    )


def _offer_now(work: Work, pk: str) -> Offer | None:
    return next(iter(work.shop.offers(work.account.shop_scope, [pk])), None)


def _check_unchanged(read: Read, listing: Listing, differing: Differences) -> None:
    """Nothing was sent or sold of it since Amazon was read. Locks the listing, then its SKU."""
    row = Listing.objects.select_for_update().get(pk=listing.pk)
    sku = SellerSku.objects.select_for_update().get(pk=listing.sku_id)
    busy = fields_on_their_way([row.pk]).get(row.pk, set()) & differing.keys()
    sold = QUANTITY in differing and sku.stock_version != read.stock_version
    if busy or sold or row.accepted_at != listing.accepted_at:
        raise _Refused(
            Code.CHANGED, "It changed while it was taken over; take it over again.", Outcome.WAITING
        )


def _check_bounce(
    read: Read, listing: Listing, offer: Offer | None, differing: Differences
) -> None:
    """What is sent of it once it is the shop's has to be what Amazon shows."""
    assert read.rules is not None
    want = _wanted(offer, listing, read.rules, reserved=read.reserved)
    for name in differing.keys() & want.values.keys():
        if want.values[name] != differing[name]["amazon"]:
            raise _Refused(
                Code.RULE,
                f"The shop would send {want.values[name]} in its place, by an own Amazon value or "
                f"by the marketplace's rule: change that, or switch the {name} off for this "
                "listing.",
            )


def _accept(read: Read, listing: Listing, differing: Differences) -> None:
    """Amazon's values are the shop's now: they count as accepted and as seen live."""
    live = {
        name: _live_quantity(read) if name == QUANTITY else its["amazon"]
        for name, its in differing.items()
    }
    state.taken_over(listing, live, read.stock_version)


def _live_quantity(read: Read) -> int | None:
    return read.facts.live_quantity if read.facts else None
