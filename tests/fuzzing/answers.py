"""Amazon's answers: bodies of JSON, and whole exchanges with status and headers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.response import HTTPResponse

from django_amazon_sync.amazon import (
    attributes,
    catalog,
    client,
    documents,
    faults,
    feeds,
    inventory,
    invoice_party,
    listing_facts,
    listings,
    long_json,
    lwa,
    orders,
    paging,
    product_types,
    reading,
    reports,
    sellers,
    sessions,
    shipments,
    totals,
    without_people,
)
from django_amazon_sync.amazon.addresses import Places, is_public
from django_amazon_sync.amazon.attributes import MarketplaceTerms
from django_amazon_sync.amazon.bounds import Bounds
from django_amazon_sync.amazon.client import Answer, Client
from django_amazon_sync.amazon.limits import Limiter, MemoryBuckets, Plan
from django_amazon_sync.data import Json, JsonObject, PackageToConfirm
from django_amazon_sync.errors import AmazonError, AmazonSyncError, Unavailable, Unreadable
from django_amazon_sync.sync.offers import rates
from django_amazon_sync.sync.offers.fields import FIELDS

from .targets import check, check_stored, check_text, may_raise, target

DE = "A1PA6795UKMFR9"
TERMS = MarketplaceTerms(DE, "EUR", "de_DE", tax_included=True)
SINCE = datetime(2026, 11, 1, tzinfo=UTC)


class _Tokens:
    def token(self, scope: str = "") -> str:
        return "Atza|invented"

    def refresh(self, rejected_token: str, scope: str = "") -> str:
        return "Atza|another"


class _Tireless(MemoryBuckets):
    """Buckets that are never empty."""

    def take(self, key: str, plan: Plan) -> float:
        return 0.0


_BASE: dict[str, Any] = {
    "endpoint": "https://fuzzed.invalid",
    "region": "eu",
    "seller_id": "A1SELLER",
    "tokens": _Tokens(),
}


class _Told(Client):
    """A client to which every call gives the same body."""

    def __init__(self, body: JsonObject) -> None:
        super().__init__(**_BASE, limiter=Limiter(_Tireless(), "A1SELLER"))
        self._told = body

    def call(self, operation: str, *args: Any, **more: Any) -> Answer:
        return Answer(operation, self._told, 200, "", None, None)


def _document(data: bytes) -> Json:
    try:
        return reading.parsed(data)
    except ValueError:
        return None


def _asked(data: bytes, *questions: Callable[[Client], object]) -> None:
    """Put the questions to a client that hears this body."""
    body = _document(data)
    if not isinstance(body, dict):
        return
    for question in questions:
        with may_raise(AmazonError, Unreadable):
            check(question(_Told(body)))


# --- Values --------------------------------------------------------------------------------------


@target(
    reading.parsed, reading.obj, reading.objs, reading.text, reading.texts, reading.storable,
    reading.number_in, reading.whole, reading.moment, reading.money, reading.amount,
    attributes.amount_in, attributes.first_schedule, is_json=True,
)  # fmt: skip
def values(data: bytes) -> None:
    document = _document(data)
    check_stored(reading.storable(document))
    for value in document if isinstance(document, list) else [document]:
        check([reading.text(value), reading.text(value, 3), reading.texts(value, 3)])
        assert reading.obj(value) is not None
        assert reading.objs(value) is not None
        whole = reading.whole(value)
        assert whole is None or whole < 2**31
        number = reading.number_in(value)
        assert number is None or number.is_finite()
        check([whole, reading.moment(value)])
        for read in (reading.money, reading.amount):
            with may_raise(Unreadable):
                check(read(value))
        check(attributes.amount_in(value, "EUR"))
        check(attributes.amount_in(value, "JPY"))
        assert attributes.first_schedule(value) is not None


@target(long_json.members)
def long_document(data: bytes) -> None:
    """What is read piece by piece is what is read at once."""
    members = []
    try:
        members = list(long_json.members(io.BytesIO(data)))
    except Unreadable:
        return
    # Half a character behind the end costs nothing.
    whole = json.loads(data.decode("utf-8-sig", "ignore"))
    assert isinstance(whole, dict)
    assert {key for key, _value in members} <= set(whole)


# --- What the operations answer ------------------------------------------------------------------


@target(
    orders.read_or_keep, orders.read_order, totals.read_amounts, totals.unit_price,
    totals.has_prices, without_people.without_people, invoice_party.invoice_party, is_json=True,
)  # fmt: skip
def order(data: bytes) -> None:
    read, document = orders.read_or_keep(_document(data))
    check(read)
    check_stored(document)
    kept = without_people.without_people(document)
    assert without_people.without_people(kept) == kept
    assert invoice_party.invoice_party(kept) == {}
    assert type(orders.read_or_keep(kept)[0]) is type(read)


@target(orders.search_orders, orders.get_order, is_json=True)
def order_answers(data: bytes) -> None:
    body = _document(data)
    if not isinstance(body, dict):
        return
    with may_raise(AmazonError):
        page = orders.search_orders(_Told(body), marketplaces=[DE], updated_after=SINCE)
        check([page.next_token, page.complete_until, *(read for read, _raw in page.orders)])
    with may_raise(AmazonError):
        check(orders.get_order(_Told(body), "302-1234567-1234567")[0])


@target(
    listing_facts.read_item, listing_facts.read_issue, listings.get_listing,
    listings.search_listings, listings.read_skus, listings.restrictions, listings.patch_listing,
    listings.put_listing, listings.try_writing, is_json=True,
)  # fmt: skip
def listing_answers(data: bytes) -> None:
    _asked(
        data,
        lambda client: listings.get_listing(client, "A-1", [DE]),
        lambda client: listings.read_skus(client, ["A-1", "A,2"], [DE]),
        lambda client: listings.restrictions(client, "B000000001", DE, "new_new"),
        lambda client: listings.patch_listing(client, "A-1", DE, []),
        lambda client: listings.put_listing(client, "A-1", DE, {}, "PRODUCT", preview=True),
        lambda client: listings.try_writing(client, DE),
    )


@target(*(type(field.kind).from_amazon for field in FIELDS.values()), is_json=True)
def fields(data: bytes) -> None:
    """What Amazon has of every field, whether it can be shown, and sent once more."""
    sent = reading.obj(_document(data))
    for field in FIELDS.values():
        instances = field.slot.instances(sent, TERMS)
        value = field.kind.from_amazon(instances, TERMS)
        check(value)
        if value is None:
            continue
        check_text(field.to_text(value))
        check([field.kind.paid(value), field.kind.least_paid(value)])
        json.dumps(field.patch(value, TERMS, instances[0]), allow_nan=False)


@target(
    catalog.search_catalog, catalog.search_each, catalog.search_words, catalog.get_catalog_item,
    paging.pages, paging.next_token, is_json=True,
)  # fmt: skip
def catalog_answers(data: bytes) -> None:
    def found(client: Client) -> object:
        return catalog.search_each(client, ["4006381333931"], "ean", DE).items

    _asked(
        data,
        found,
        lambda client: catalog.search_words(client, ["cup"], DE),
        lambda client: catalog.get_catalog_item(client, "B000000001", DE),
    )


@target(
    product_types.search_product_types, product_types.get_product_type,
    sellers.marketplace_participations, inventory.amazon_stock, shipments.confirm_shipment,
    is_json=True,
)  # fmt: skip
def account_answers(data: bytes) -> None:
    package = PackageToConfirm("302-1234567-1234567", DE, 1, "DHL", "", "X1", SINCE, (("1", 1),))

    _asked(
        data,
        lambda client: product_types.search_product_types(client, DE, title="cup"),
        lambda client: product_types.get_product_type(client, "CUP", DE),
        sellers.marketplace_participations,
        lambda client: list(inventory.amazon_stock(client, DE)),
        lambda client: shipments.confirm_shipment(client, package),
    )


@target(
    feeds.create_feed_document, feeds.create_feed, feeds.get_feed, feeds.get_feeds,
    feeds.cancel_feed, reports.create_report, reports.get_report, is_json=True,
)  # fmt: skip
def file_answers(data: bytes) -> None:
    _asked(
        data,
        feeds.create_feed_document,
        lambda client: feeds.create_feed(client, DE, "1"),
        lambda client: feeds.get_feed(client, "1"),
        lambda client: feeds.get_feeds(client, DE, SINCE),
        lambda client: feeds.cancel_feed(client, "1"),
        lambda client: reports.create_report(client, reports.LISTINGS, DE),
        lambda client: reports.get_report(client, "1"),
    )


@target(product_types.schema_facts, is_json=True)
def schema(data: bytes) -> None:
    with may_raise(Unreadable):
        check(product_types.schema_facts(data))


@target(feeds.read_processing_report, is_json=True)
def processing_report(data: bytes) -> None:
    with may_raise(Unreadable):
        check(feeds.read_processing_report(io.BytesIO(data), check))


# --- Exchanges -----------------------------------------------------------------------------------


#: What no document may be at, however it is written.
_OUR_OWN = {"localhost", "127.0.0.1", "0.0.0.0", "169.254.169.254", "::1", "10.0.0.1"}


class _Script(BaseAdapter):
    """Answers with what it was given last."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.body = 200, b""
        self.headers: Mapping[str, str] = {}
        self._builder = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:  # type: ignore[override]
        answer = HTTPResponse(
            body=io.BytesIO(self.body),
            headers=self.headers,
            status=self.status,
            version=11,
            preload_content=False,
            decode_content=False,
            request_method=request.method,
        )
        return self._builder.build_response(request, answer)

    def close(self) -> None:
        """Nothing is open."""


_script = _Script()
sessions.stand_in(_BASE["endpoint"], _script)


def _line(value: object) -> str:
    """A header as it can come over the wire: on one line, a byte a sign."""
    return "".join(sign for sign in str(value) if " " <= sign <= "\xff")


def _set(script: JsonObject) -> None:
    """Let the next exchanges bring this."""
    status = reading.whole(script.get("status")) or 200
    _script.status = status if 200 <= status < 600 else 200
    _script.headers = {
        _line(name): _line(value) for name, value in reading.obj(script.get("headers")).items()
    }
    body = script.get("body")
    _script.body = (
        reading.text(body).encode("latin-1", "replace")
        if isinstance(body, str)
        else json.dumps(body).encode()
    )


@target(
    client.Client, faults.exchange, faults.raise_for, lwa.request_token, lwa.exchange_code,
    sessions.exchange, sessions.whole, reading.header_moment, rates.fetch_day, is_json=True,
)  # fmt: skip
def exchange(data: bytes) -> None:
    """Any status, any headers, any body: an answer or an error of ours, and a clock of our age."""
    _set(reading.obj(_document(data)))
    asked = Client(**_BASE, limiter=Limiter(_Tireless(), "A1SELLER"))
    with may_raise(AmazonError):
        answer = asked.call("getOrder", "GET", "/orders", empty_status=204)
        check([answer.status, answer.date])
        assert answer.rate is None or 0 < answer.rate < float("inf")
    assert asked.limiter.interval("getOrder") > 0
    with may_raise(AmazonError):
        check(asked.now())
    ours = {"client_id": "amzn1.application-oa2-client.x", "client_secret": "x"}
    known: dict[str, Any] = {"lwa_endpoint": _BASE["endpoint"], **ours}
    with may_raise(AmazonError):
        check(lwa.request_token(**known, refresh_token="Atzr|x"))
    with may_raise(AmazonError):
        check(lwa.exchange_code(**known, code="x", redirect_uri="https://shop.example"))
    here = patch("django_amazon_sync.conf.get", return_value=_BASE["endpoint"])
    with here, may_raise(Unreadable):
        rates.fetch_day()


@target(
    documents.download, documents.fetch, feeds.fetch_processing_report, reports.fetch_report,
    product_types.read_schema, is_json=True,
)  # fmt: skip
def document_exchange(data: bytes) -> None:
    """The same for a document: whole and unpacked, or not taken."""
    script = reading.obj(_document(data))
    _set(script)
    url = f"{_BASE['endpoint']}/document"
    told = _Told({"url": url, "compressionAlgorithm": script.get("packed")})
    definition = product_types.ProductTypeDefinition("CUP", "Cup", "1", "de_DE", url, "")
    into = io.BytesIO()
    with may_raise(Unavailable, Unreadable):
        documents.download(
            url, gzipped=False, into=into, endpoint=_BASE["endpoint"], largest=100_000
        )
        assert len(into.getvalue()) <= 100_000
    with may_raise(Unavailable, Unreadable):
        list(reports.read_skus(into, reports.fetch_report(told, "1", into), DE))
    with may_raise(Unavailable, Unreadable):
        feeds.fetch_processing_report(told, "1", into)
    with may_raise(Unavailable, Unreadable):
        check(product_types.read_schema(told, definition))


@target(Places, is_public, faults.unreachable)
def address(data: bytes) -> None:
    """No address of a document leads into a network of our own; an odd one is refused."""
    url = data.decode("latin-1")
    everywhere = patch.dict(sessions._stand_ins, {"http://": _script, "https://": _script})
    with everywhere, may_raise(AmazonSyncError):  # no run reaches a network
        places = Places("document download", _BASE["endpoint"])
        bounds = Bounds("document download", 5, largest=1000, places=places)
        try:
            with sessions.exchange(requests.Request("GET", url), (1, 1), bounds) as answer:
                asked = str(answer.url)
        except requests.RequestException as fault:
            raise faults.unreachable("document download", fault) from None
        host = (urlsplit(asked).hostname or "").lower().rstrip(".")
        assert host not in _OUR_OWN
