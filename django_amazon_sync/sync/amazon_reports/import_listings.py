"""Listings in: what the account has on Amazon already, by Amazon's own report.

1. Ask for the report of each marketplace, and wait until Amazon has made them.
2. Look whose a report is, before the first row is taken in.
3. Take it in, some thousand rows at a time. What is found for the first time is adopted: price and
   quantity count as accepted. What was known stays as it is. Nothing is ever ended by a report,
   however few its rows are (docs/amazon.md#short-reports-happen), and titles are never taken from
   one.
4. Unlink what only a name linked, if the barcodes now say that it is something else.
5. Read what Amazon has in its own warehouses, where it ships anything for the account.

Before all that, see whether buyers can buy in each store.

Nothing is sent, so an account that observes may do this too. A SKU is linked to an offer of the
shop by its name, when the export meets it, or by matching.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal

from django.db.models import QuerySet

from django_amazon_sync.amazon import inventory
from django_amazon_sync.amazon.reports import LISTINGS
from django_amazon_sync.data import AmazonStock, FieldValues, Money, ReportRow
from django_amazon_sync.errors import AmazonError, NoReport
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    MERCHANT_CHANNEL,
    AmazonReport,
    Listing,
    Marketplace,
    Outcome,
    Presence,
    SellerSku,
    amazon_ships,
)
from django_amazon_sync.rules.barcodes import gtin
from django_amazon_sync.sync.accounts.access import Part
from django_amazon_sync.sync.accounts.attempts import SideRead
from django_amazon_sync.sync.accounts.selling import look_at_selling
from django_amazon_sync.sync.amazon_reports.fetch import (
    may_be_destroyed,
    open_listings,
    ready_reports,
)
from django_amazon_sync.sync.amazon_reports.upsert import take_in
from django_amazon_sync.sync.listings import claims
from django_amazon_sync.sync.listings.claims import Claim
from django_amazon_sync.sync.listings.link import unlink_named
from django_amazon_sync.sync.offers.fields import PRICE, QUANTITY
from django_amazon_sync.sync.runs.bulk import OFFERS_PER_CHUNK, chunks, in_pages, update_rows
from django_amazon_sync.sync.runs.work import Stores, Work

#: Rows of a report that are taken in together.
REPORT_ROWS_PER_CHUNK = 5000

#: SKUs whose stock at Amazon is kept together.
STOCKS_PER_CHUNK = 500

#: A number of a report that is above these is not taken in.
HIGHEST_PRICE, HIGHEST_QUANTITY = Decimal(10**10), 2**31 - 1

_BARCODES = ("ean", "upc", "isbn", "gtin")
_LENGTH: dict[str, int] = {
    column.name: column.max_length or 0
    for column in (*Listing._meta.concrete_fields, *SellerSku._meta.concrete_fields)
    if column.name in ("sku", "channel", "asin", "status", "condition") and column.max_length
}


def import_listings(work: Work) -> None:
    """Run options: ``marketplaces`` (ids).

    Raises Unauthorized at the end where Amazon refuses the report of each.
    """
    look_at_selling(work.account, work.client)
    active = work.account.marketplaces.filter(active=True).order_by("pk")
    if codes := work.run.options.get("marketplaces"):
        active = active.filter(code__in=codes)
    stores = Stores(work)
    for marketplace, report in ready_reports(work, active, LISTINGS).items():
        try:
            with stores.go_on_without(marketplace.code):
                if isinstance(report, AmazonError):
                    raise report
                _import(work, marketplace, report)
        except NoReport as none:
            _say_why(work, marketplace, none)
    _doubt_names(work)
    for marketplace in active:
        if _known(marketplace).exclude(sku__channel__in=("", MERCHANT_CHANNEL)).exists():
            with SideRead(work.account, Part.AMAZON_STOCK):
                _read_stock(work, marketplace)
    if refusal := stores.leave_out():
        raise refusal


def _import(work: Work, marketplace: Marketplace, report: AmazonReport) -> None:
    known = _known(marketplace).count()
    currency = marketplace.facts.currency
    rows = 0
    with open_listings(work, report, REPORT_ROWS_PER_CHUNK) as reported:
        for chunk in reported:
            work.lease.check()
            taken = take_in(report, rows_to_take(chunk, currency))
            rows += len(chunk)
            for name, number in asdict(taken).items():
                work.run.count(name, number)
            work.run.count("unreadable", sum(not _is_sku(row.sku) for row in chunk))
            work.progress(len(chunk))
    work.run.count("rows", rows)
    if rows * 2 < known:
        few = Message(Code.FEW_ROWS, count=rows, known=known)
        work.line(Outcome.WAITING, marketplace=marketplace.code, code=few.code, message=str(few))


def _doubt_names(work: Work) -> None:
    """Unlink SKUs that an export linked by their names before their barcodes were known, and leave
    them to staff; what was sent for one since, or sold under it, is none of these."""
    named = SellerSku.objects.filter(account=work.account, matched=False, managed=False)
    linked = named.filter(sold_here=False, listings__in=Listing.objects.exclude(gtin=""))
    rows = linked.exclude(offer_pk="").distinct()
    for some in chunks(in_pages(rows, OFFERS_PER_CHUNK), OFFERS_PER_CHUNK):
        work.lease.check()
        pks = [row.offer_pk for row in some]
        offers = {offer.pk: offer for offer in work.shop.offers(work.account.shop_scope, pks)}
        there = [(row, offers[row.offer_pk]) for row in some if row.offer_pk in offers]
        said = claims.contradicted(there)
        doubted = [
            Claim(row, offer.pk, str(said[row.pk, offer.pk]))
            for row, offer in there
            if (row.pk, offer.pk) in said
        ]
        unlink_named(work.account, [claim.sku for claim in doubted])
        claims.keep(doubted)
        for claim in doubted:
            work.line(Outcome.WAITING, sku=claim.sku.sku, code=Code.SKU, message=claim.reason)


def _known(marketplace: Marketplace) -> QuerySet[Listing]:
    return Listing.objects.filter(marketplace=marketplace, presence=Presence.PRESENT)


def _say_why(work: Work, marketplace: Marketplace, none: NoReport) -> None:
    """Say why nothing came in; an account that has nothing there need not mend anything."""
    nothing_there = none.amazon_code == "CANCELLED" and not _known(marketplace).exists()
    work.line(
        Outcome.NONE if nothing_there else Outcome.FAILED,
        marketplace=marketplace.code,
        code=none.code,
        message=str(none),
    )


# --- One row --------------------------------------------------------------------------------------


def reported_values(row: ReportRow, currency: str) -> FieldValues:
    """The row's price and quantity, as the mappings of a listing keep them.

    A quantity is there for what the merchant ships only.
    """
    values: FieldValues = {}
    if row.price is not None and 0 < row.price < HIGHEST_PRICE:
        values[PRICE] = str(Money(row.price, currency).rounded())
    units = row.quantity if row.channel == MERCHANT_CHANNEL else None
    if units is not None and 0 <= units <= HIGHEST_QUANTITY:
        values[QUANTITY] = units
    return values


def rows_to_take(rows: Iterable[ReportRow], currency: str) -> list[tuple[str, ...]]:
    """The rows as ``take_in`` wants them, each SKU once; without those that have none.

    Of a SKU that comes twice, what both rows say is adopted; it is Amazon's if either says so.
    """
    given: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if not _is_sku(row.sku):
            continue
        values = reported_values(row, currency)
        channel = _fitting(row, "channel")
        if row.sku in given:
            _sku, former, *_facts, believed = given[row.sku]
            values = dict(json.loads(believed).items() & values.items())
            channel = former if amazon_ships(former) else channel or former
        if amazon_ships(channel):
            values.pop(QUANTITY, None)
        given[row.sku] = (
            row.sku,
            channel,
            _fitting(row, "asin"),
            _fitting(row, "status"),
            _fitting(row, "condition"),
            gtin(row.product_id) if row.product_id_kind in _BARCODES else "",
            json.dumps(values),
        )
    return list(given.values())


def _is_sku(text: str) -> bool:
    return 0 < len(text) <= _LENGTH["sku"] and "\0" not in text and not may_be_destroyed(text)


def _fitting(row: ReportRow, name: str) -> str:
    """A text of the row, or nothing where it cannot be one."""
    text: str = getattr(row, name)
    return text if len(text) <= _LENGTH[name] and "\0" not in text else ""


# --- Stock in Amazon's warehouses -----------------------------------------------------------------


def _read_stock(work: Work, marketplace: Marketplace) -> None:
    """Keep beside each listing what Amazon has of it; shown, and never sent as our quantity."""
    for chunk in chunks(inventory.amazon_stock(work.client, marketplace.code), STOCKS_PER_CHUNK):
        work.lease.check()
        stocks: dict[str, AmazonStock] = {stock.sku: stock for stock in chunk}
        listings = (
            Listing.objects.filter(
                sku__account=work.account, sku__sku__in=stocks, marketplace=marketplace
            )
            .select_related("sku")
            .only("amazon_stock", "sku__sku")
        )
        changed = []
        for listing in listings:
            there = _units(stocks[listing.sku.sku])
            if listing.amazon_stock != there:
                listing.amazon_stock = there
                changed.append(listing)
        update_rows(changed, ["amazon_stock"])
        work.run.count("stock_read", len(listings))


def _units(stock: AmazonStock) -> dict[str, int]:
    return {
        "fulfillable": stock.fulfillable,
        "reserved": stock.reserved,
        "inbound": stock.inbound,
        "unfulfillable": stock.unfulfillable,
    }
