"""A simulator without HTTP is the same Amazon: the same stories, told both ways, end alike."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import pytest
import requests
import time_machine

from django_amazon_sync import clock
from django_amazon_sync.amazon import documents, feeds, listings, orders, product_types, reports
from django_amazon_sync.amazon.bounds import Bounds
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.sessions import exchange, session, whole
from django_amazon_sync.amazon.shipments import confirm_shipment
from django_amazon_sync.data import Money, OrderData, PackageToConfirm
from django_amazon_sync.errors import AmazonSyncError, TooLate, Unavailable
from django_amazon_sync.testing.simulator import Fault, Simulator
from tests import patches
from tests.amazon.clients import CachedTokens, client_of

DE = "A1PA6795UKMFR9"
JP = "A1VC38T7YXB528"
SKU = "MUG-BLUE"
WEIRD = "a/b c%2F+#,ü"


class Telling(NamedTuple):
    """What a story meets: an Amazon, a seller's client, and a list to put what it saw into."""

    amazon: Simulator
    client: Client
    saw: list[object]

    def see(self, call: Callable[..., object], *args: object, **named: object) -> None:
        """Take down what a call gives, or how it fails."""
        try:
            self.saw.append(call(*args, **named))
        except AmazonSyncError as fault:
            self.saw.append((type(fault), str(fault), vars(fault)))


Story: TypeAlias = Callable[[Telling], None]


def listings_are_read_and_written(told: Telling) -> None:
    client, price = told.client, patches.price_patch(DE, Money(Decimal("7.25"), "EUR"))
    for sku in (SKU, WEIRD, "no such SKU"):
        told.see(listings.get_listing, client, sku, [DE])
        told.see(listings.patch_listing, client, sku, DE, [price])
    told.amazon.advance(120)
    told.see(listings.search_listings, client, [SKU, WEIRD], [DE])
    told.saw.append(told.amazon.live("eu", WEIRD, DE))


def an_order_comes_and_is_shipped(told: Telling) -> None:
    client, amazon = told.client, told.amazon
    number = amazon.buy("eu", DE, SKU, 2, tax="1.20")
    amazon.advance(600)
    since = amazon.now() - timedelta(hours=1)
    told.see(orders.search_orders, client, marketplaces=[DE], updated_after=since)
    order, _ = orders.get_order(client, number)
    assert isinstance(order, OrderData)
    package = PackageToConfirm(
        order_number=number,
        marketplace=DE,
        reference=1,
        carrier_code="DHL",
        carrier_name="",
        tracking="T-1",
        shipped_at=amazon.now(),
        items=((order.lines[0].item_id, 2),),
    )
    told.see(orders.get_order, client, number)
    told.see(confirm_shipment, client, package)  # 204: an answer without a body
    amazon.advance(120)
    told.see(orders.get_order, client, number)


def a_feed_goes_out_and_its_report_comes_back(told: Telling) -> None:
    client, file, into = told.client, io.BytesIO(), io.BytesIO()
    feed = feeds.FeedFile(file, client.seller_id)
    for sku, price in ((SKU, "11.50"), (WEIRD, "-1")):
        assert feed.add(sku, "PRODUCT", [patches.price_patch(DE, Money(Decimal(price), "EUR"))])
    feed.close()
    slot = feeds.create_feed_document(client)
    upload = partial(documents.upload, endpoint=client.endpoint)
    told.see(upload, slot.url, io.BytesIO(b"{}"), "text/plain")
    told.see(upload, slot.url, file, feeds.CONTENT_TYPE)
    feed_id = feeds.create_feed(client, DE, slot.document_id)
    told.amazon.advance(200)
    for switch in ("whole", "truncated"):
        if switch == "truncated":
            told.amazon.faults.add(Fault("download", "half"))
        document = feeds.get_feed(client, feed_id).report_document
        told.see(feeds.fetch_processing_report, client, document, into)
        told.saw.append(into.getvalue())


def a_report_comes_in(told: Telling) -> None:
    told.amazon.switch(report_headers="localised", report_charset=True)
    client, into = client_of(told.amazon, "fe"), io.BytesIO()
    report_id = reports.create_report(client, reports.LISTINGS, JP)
    told.amazon.advance(61)
    document = reports.get_report(client, report_id).document
    told.see(reports.fetch_report, client, document, into)
    told.saw.append(into.getvalue())


def a_schema_comes_from_its_own_address(told: Telling) -> None:
    definition = product_types.get_product_type(told.client, "DRINKING_CUP", DE)
    told.see(product_types.read_schema, told.client, definition)


def tokens_expire_and_are_revoked(told: Telling) -> None:
    told.see(listings.get_listing, told.client, SKU, [DE])
    told.amazon.expire_access_tokens()
    told.see(listings.get_listing, told.client, SKU, [DE])
    astray = client_of(told.amazon, tokens=CachedTokens(told.amazon, "na"))
    told.see(listings.get_listing, astray, SKU, [DE])
    told.amazon.revoke("eu")
    told.see(listings.get_listing, told.client, SKU, [DE])
    told.saw.append(told.client.clock_offset)


def everything_goes_wrong(told: Telling) -> None:
    price = patches.price_patch(DE, Money(Decimal("6.50"), "EUR"))
    kinds: list[Any] = ["400", "403", "429", "500", "503", "empty", "half", "string"]
    for kind in (*kinds, "drop_before", "500_after", "drop_after"):
        told.amazon.faults.add(Fault("patchListingsItem", kind, details="because"))
        patient = client_of(told.amazon)  # no fault that came before makes it wait
        told.see(listings.patch_listing, patient, SKU, DE, [price])
        told.saw.append(told.amazon.attributes("eu", SKU, DE))
        told.amazon.faults.add(Fault("token", kind))
        told.see(CachedTokens(told.amazon, "eu").token)


def an_answer_is_slow(told: Telling) -> None:
    for seconds, patience in ((0.3, 0.1), (0.02, 2.0)):
        told.amazon.faults.add(Fault("getListingsItem", "slow", seconds=seconds))
        hasty = client_of(told.amazon, timeout=(1, patience))
        told.see(listings.get_listing, hasty, SKU, [DE])


def a_program_sends_what_it_likes(told: Telling) -> None:
    """Bytes, text, forms, chunks and files; answers are compared as requests has them."""
    slot, other = (feeds.create_feed_document(told.client) for _ in range(2))
    typed = {"content-type": feeds.CONTENT_TYPE}
    endpoint = told.amazon.endpoint
    for method, url, how in (
        ("PUT", slot.url, {"data": iter([b"{", b"}"]), "headers": typed}),
        ("PUT", slot.url, {"data": io.BytesIO(b"{}"), "headers": typed}),
        ("PUT", other.url, {"data": "{}", "headers": typed}),
        ("PUT", other.url, {"data": b"{}", "headers": typed | {"x-amz-access-token": "A"}}),
        ("GET", slot.url, {}),
        ("POST", told.amazon.lwa_endpoint, {"data": {"grant_type": "nonsense"}}),
        ("POST", told.amazon.lwa_endpoint, {"data": b"\xff"}),
        ("GET", f"{endpoint}/schemas/nowhere", {}),
        ("GET", f"{endpoint}/no/such/path?a=1&a=2&b=", {"data": b"{half"}),
        ("DELETE", f"{endpoint}/eu/feeds/2021-06-30/feeds/1", {}),
        ("GET", f"{endpoint}/-/listing?seller=eu&sku={SKU}&marketplace={DE}", {}),
        ("POST", f"{endpoint}/-/nothing", {"json": {"a": "ü"}}),
        ("GET", f"{endpoint}/-/orders?seller=eu", {"stream": True}),
    ):
        told.see(as_it_came, method, url, **how)


def as_it_came(method: str, url: str, **how: Any) -> list[object]:
    answer = session().request(method, url, timeout=5, **how)
    facts = [answer.status_code, answer.reason, dict(answer.headers), answer.encoding]
    return [*facts, answer.ok, answer.raw.version, answer.raw.tell(), answer.content, answer.url]


STORIES: list[Story] = [
    listings_are_read_and_written,
    an_order_comes_and_is_shipped,
    a_feed_goes_out_and_its_report_comes_back,
    a_report_comes_in,
    a_schema_comes_from_its_own_address,
    tokens_expire_and_are_revoked,
    everything_goes_wrong,
    an_answer_is_slow,
    a_program_sends_what_it_likes,
]


def told(story: Story, *, in_process: bool) -> list[str]:
    """What a story saw, and what the simulator was asked, without the address of the one."""
    frozen = time_machine.travel(datetime(2026, 11, 30, 12, tzinfo=UTC), tick=False)
    with (
        frozen,
        clock.stood_in_for(clock.HostClock(), seed=1),
        Simulator(rate_limits=False, in_process=in_process) as amazon,
    ):
        telling = Telling(amazon, client_of(amazon), [])
        story(telling)
        saw, endpoint = [repr(plain(one)) for one in telling.saw], amazon.endpoint
        asked = [repr(one) for one in amazon.requests]
    return [one.replace(endpoint, "https://amazon") for one in (*saw, *asked)]


def plain(value: object) -> object:
    """A value with all that it holds; some keep what they hold out of their ``repr``."""
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_story_ends_alike_without_http(story: Story) -> None:
    assert told(story, in_process=True) == told(story, in_process=False)


@pytest.fixture
def near() -> Iterator[Simulator]:
    with Simulator(rate_limits=False, in_process=True) as amazon:
        yield amazon


def test_no_thread_and_no_port(near: Simulator) -> None:
    client_of(near).now()
    assert "simulated-amazon" not in {thread.name for thread in threading.enumerate()}
    assert near.endpoint.startswith("http://simulated-amazon-")


def test_every_thread_and_every_simulator_is_answered(near: Simulator) -> None:
    session()  # there was one before the second simulator
    with Simulator(rate_limits=False, in_process=True) as other:
        assert other.endpoint != near.endpoint
        asked = threading.Thread(target=client_of(other).now)
        asked.start()
        asked.join()
        assert other.requests
        assert not near.requests


def test_a_simulator_that_was_stopped_is_reached_by_nobody(near: Simulator) -> None:
    client = client_of(near)
    listings.get_listing(client, SKU, [DE])  # there is a token now
    near.stop()
    with pytest.raises(Unavailable, match="no connection to Amazon") as caught:
        listings.get_listing(client, SKU, [DE])
    assert not caught.value.sent
    near.start()
    assert listings.get_listing(client, SKU, [DE]).listings


def test_an_answer_that_drips_is_bound_altogether(near: Simulator) -> None:
    near.faults.add(Fault("getListingsItem", "slow", seconds=5.0))
    bounds = Bounds("getListingsItem", 0.05, largest=10**6)
    url = f"{near.endpoint}/listings/2021-08-01/items/{near.seller('eu').seller_id}/{SKU}"
    asked = requests.Request("GET", url, params={"marketplaceIds": DE})
    asked.headers["x-amz-access-token"] = CachedTokens(near, "eu").token()
    with (
        pytest.raises(Unavailable, match="too long altogether"),
        exchange(asked, (1, 30), bounds) as answer,
    ):
        whole(answer, bounds)


def test_an_answer_that_is_too_large_is_not_read(near: Simulator) -> None:
    bounds = Bounds("schema", 5, largest=10)
    asked = requests.Request("GET", f"{near.endpoint}/schemas/meta.json")
    with pytest.raises(Unavailable, match="larger"), exchange(asked, (1, 1), bounds) as answer:
        whole(answer, bounds)


def test_what_may_not_leave_any_more_does_not(near: Simulator) -> None:
    bounds = Bounds("schema", 5, largest=10**6, not_after=clock.monotonic() - 1)
    asked = requests.Request("GET", f"{near.endpoint}/schemas/meta.json")
    with pytest.raises(TooLate), exchange(asked, (1, 1), bounds):
        pass


def test_another_process_is_told_that_it_asks_a_copy(near: Simulator) -> None:
    client = client_of(near)
    child = os.fork()
    if child == 0:
        try:
            listings.get_listing(client, SKU, [DE])
        except RuntimeError:
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
