"""The gateway and an Amazon with memory."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.amazon import catalog, listings, orders, product_types, sellers
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.limits import Limiter, MemoryBuckets
from django_amazon_sync.amazon.lwa import request_token
from django_amazon_sync.amazon.shipments import confirm_shipment
from django_amazon_sync.data import Money, OrderData, PackageToConfirm
from django_amazon_sync.errors import (
    Disconnected,
    NotFound,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
)
from django_amazon_sync.testing.simulator import Fault, Simulator, Switches
from tests import patches
from tests.amazon.clients import CachedTokens, client_of

DE = "A1PA6795UKMFR9"
FR = "A13V1IB3VIYZZH"
US = "ATVPDKIKX0DER"
SKU = "a/b c%2F+#,ü"
Make = Callable[..., Simulator]


@pytest.fixture
def simulate() -> Iterator[Make]:
    """Starts simulators, and stops them in the end."""
    running: list[Simulator] = []

    def start(**how: Any) -> Simulator:
        running.append(Simulator(**({"rate_limits": False} | how)).start())
        amazon = running[-1]
        amazon.add_listing(
            "eu",
            SKU,
            marketplace=DE,
            asin="B0GATEWAY1",
            price="9.99",
            quantity=5,
            lead_time=2,
            sale_price="8.99",
            business_price="7.77",
            title="Löffel",
        )
        return amazon

    yield start
    for amazon in running:
        amazon.stop()


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def test_the_sellers_marketplaces(simulate: Make) -> None:
    amazon = simulate()
    found = sellers.marketplace_participations(client_of(amazon))
    assert {participation.marketplace for participation in found} == set(
        amazon.seller("eu").marketplaces
    )


def test_a_price_and_a_quantity_arrive_and_the_rest_stays(simulate: Make) -> None:
    amazon = simulate()
    client = client_of(amazon)
    before = listings.get_listing(client, SKU, [DE])
    assert (before.channels, before.lead_time_days) == (("DEFAULT",), 2)
    assert before.listings[0].sent_price == euros("9.99")
    changes = [
        patches.price_patch(DE, euros("12.90")),
        patches.quantity_patch(4, before.lead_time_days, before.restock_date),
    ]
    assert listings.patch_listing(client, SKU, DE, changes).status == "ACCEPTED"
    echoed = listings.get_listing(client, SKU, [DE])
    assert echoed.listings[0].sent_price == euros("12.90")
    assert echoed.listings[0].sent_quantity == 4
    assert echoed.live_quantity == 5
    amazon.advance(120)
    facts = listings.read_skus(client, [SKU, "not there"], [DE, FR])[SKU]
    assert facts.listings[0].live_price == euros("12.90")
    assert (facts.live_quantity, facts.lead_time_days) == (4, 2)
    live = amazon.live("eu", SKU, DE)
    assert live is not None
    assert (live.price, live.sale_price, live.business_price) == (
        Decimal("12.90"),
        Decimal("8.99"),
        Decimal("7.77"),
    )


def test_a_title_goes_with_its_product_type(simulate: Make) -> None:
    amazon = simulate()
    client = client_of(amazon)
    own_type = listings.get_listing(client, SKU, [DE]).listings[0].product_type
    patch = patches.name_patch(DE, "de_DE", "Suppenlöffel")
    assert listings.patch_listing(client, SKU, DE, [patch], own_type).status == "ACCEPTED"
    assert listings.get_listing(client, SKU, [DE]).listings[0].sent_title == "Suppenlöffel"
    refused = listings.patch_listing(client, SKU, DE, [patch], "NO_SUCH_TYPE")
    assert refused.status == "INVALID"
    assert refused.issues[0].message


def test_a_new_offer_is_checked_then_created(simulate: Make) -> None:
    amazon = simulate()
    amazon.add_product(asin="B0GATEWAY2", title="A fork", ean="4006381333931")
    client = client_of(amazon)
    (item,) = catalog.search_catalog(client, ["4006381333931"], "EAN", DE)
    assert item == catalog.get_catalog_item(client, "B0GATEWAY2", DE)
    assert listings.restrictions(client, item.asin, DE, "new_new") == []
    offer = patches.new_offer(DE, item.asin, "new_new", euros("4.50"), 3)
    with pytest.raises(NotFound):
        listings.get_listing(client, "FORK", [DE])
    preview = listings.put_listing(client, "FORK", DE, offer, item.product_type, preview=True)
    assert preview.status == "VALID"
    assert amazon.live("eu", "FORK", DE) is None
    assert listings.put_listing(client, "FORK", DE, offer, item.product_type).status == "ACCEPTED"
    amazon.advance(120)
    live = amazon.live("eu", "FORK", DE)
    assert live is not None
    assert (live.price, live.quantity) == (Decimal("4.50"), 3)


def test_a_restricted_product_says_why(simulate: Make) -> None:
    amazon = simulate()
    amazon.add_product(asin="B0GATEWAY3", title="A brand", restricted=True)
    assert listings.restrictions(client_of(amazon), "B0GATEWAY3", DE, "new_new")


def test_product_types(simulate: Make) -> None:
    client = client_of(simulate())
    found = product_types.search_product_types(client, DE)
    definition = product_types.get_product_type(client, found[0].name, DE)
    assert definition.name == found[0].name
    assert definition.schema_url.startswith("http")


@pytest.mark.parametrize("discount_sign", ["negative", "positive"])
@pytest.mark.parametrize("order_tax", ["on_top", "included"])
def test_an_order_adds_up_whatever_amazon_means(
    simulate: Make, discount_sign: Any, order_tax: Any
) -> None:
    amazon = simulate(switches=Switches(discount_sign=discount_sign, order_tax=order_tax))
    number = amazon.buy(
        "eu", DE, SKU, 2, tax="3.00", shipping="4.00", gift_wrap="1.00", discount="2.50"
    )
    order, _ = orders.get_order(client_of(amazon), number)
    assert isinstance(order, OrderData)
    assert order.amounts is not None
    assert order.amounts.difference == 0
    expected = {"on_top": "tax-on-top", "included": "tax-included"}[order_tax]
    assert order.amounts.reading == f"{expected} discount-{discount_sign}"
    (line,) = order.lines
    assert line.amounts.discount.gross == Decimal("2.50")
    assert line.amounts.goods.tax + line.amounts.shipping.tax == Decimal("3.00")
    assert (order.status, line.sku, line.quantity) == ("UNSHIPPED", SKU, 2)


def test_a_search_follows_its_pages_to_the_last_order(simulate: Make) -> None:
    amazon = simulate()
    bought = {amazon.buy("eu", DE, SKU) for _ in range(3)}
    amazon.advance(600)
    client = client_of(amazon)
    since = amazon.now() - timedelta(hours=1)
    asked: dict[str, Any] = {"marketplaces": [DE, FR], "updated_after": since}
    page = orders.search_orders(client, **asked)
    numbers = [order.number for order, _ in page.orders]
    while page.next_token:
        page = orders.search_orders(client, **asked, page_token=page.next_token)
        numbers += [order.number for order, _ in page.orders]
    assert bought <= set(numbers)
    assert len(numbers) == len(set(numbers))
    assert page.complete_until is not None
    assert page.complete_until <= amazon.now() - timedelta(seconds=119)


@pytest.mark.parametrize("personal_data", [True, False])
def test_a_missing_role_leaves_the_order_readable(simulate: Make, personal_data: bool) -> None:
    amazon = simulate(switches=Switches(personal_data=personal_data))
    order, _ = orders.get_order(client_of(amazon), amazon.buy("eu", DE, SKU))
    assert isinstance(order, OrderData)
    assert order.delivery is not None
    assert bool(order.delivery.name) == personal_data
    assert order.delivery.country


def test_a_shipment_shows_on_the_order(simulate: Make) -> None:
    amazon = simulate()
    client = client_of(amazon)
    number = amazon.buy("eu", DE, SKU, 2)
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
    confirm_shipment(client, package)
    confirm_shipment(client, package)
    amazon.advance(120)
    shipped, _ = orders.get_order(client, number)
    assert isinstance(shipped, OrderData)
    assert shipped.status == "SHIPPED"
    assert [(parcel.reference, parcel.tracking, parcel.items) for parcel in shipped.packages] == [
        ("1", "T-1", package.items)
    ]


def test_an_expired_token_is_renewed_unseen(simulate: Make) -> None:
    amazon = simulate()
    client = client_of(amazon)
    listings.get_listing(client, SKU, [DE])
    amazon.expire_access_tokens()
    listings.get_listing(client, SKU, [DE])
    assert len(amazon.requests_of("token")) == 2
    amazon.revoke("eu")
    with pytest.raises(Disconnected, match="authorise the account again"):
        listings.get_listing(client, SKU, [DE])


def test_a_token_of_another_region_names_the_region(simulate: Make) -> None:
    amazon = simulate()
    astray = client_of(amazon, tokens=CachedTokens(amazon, "na"))
    with pytest.raises(Unauthorized, match="region EU"):
        listings.search_listings(astray, ["X"], [DE])


def test_wrong_credentials_are_one_clear_sentence(simulate: Make) -> None:
    amazon = simulate()
    with pytest.raises(Disconnected, match="client secret is wrong"):
        request_token(amazon.lwa_endpoint, client_id="x", client_secret="y", refresh_token="z")


@pytest.mark.parametrize("kind", ["500", "503", "empty", "half", "string", "drop_before"])
def test_a_fault_is_never_an_answer(simulate: Make, kind: Any) -> None:
    amazon = simulate()
    client = client_of(amazon)
    amazon.faults.add(Fault("searchOrders", kind))
    since = datetime.now(UTC) - timedelta(days=1)
    with pytest.raises(Unavailable):
        orders.search_orders(client, marketplaces=[DE], updated_after=since)
    orders.search_orders(client, marketplaces=[DE], updated_after=since)


@pytest.mark.parametrize("kind", ["drop_after", "500_after", "half", "empty"])
def test_a_write_whose_answer_is_lost_may_have_happened(simulate: Make, kind: Any) -> None:
    amazon = simulate()
    client = client_of(amazon)
    amazon.faults.add(Fault("patchListingsItem", kind))
    with pytest.raises(Unavailable) as caught:
        listings.patch_listing(client, SKU, DE, [patches.price_patch(DE, euros("5"))])
    assert caught.value.sent
    assert listings.get_listing(client, SKU, [DE]).listings[0].sent_price == euros("5")


def test_a_slow_body_is_not_waited_for(simulate: Make) -> None:
    amazon = simulate()
    amazon.faults.add(Fault("getListingsItem", "slow", seconds=1.0))
    with pytest.raises(Unavailable):
        listings.get_listing(client_of(amazon, timeout=(1, 0.2)), SKU, [DE])


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_window_ends_where_amazons_clock_allows(simulate: Make, minutes: int) -> None:
    amazon = simulate(clock_offset=timedelta(minutes=minutes))
    client = client_of(amazon)
    until = client.now() - timedelta(minutes=2, seconds=2)
    since = until - timedelta(hours=1)
    page = orders.search_orders(
        client, marketplaces=[DE], updated_after=since, updated_before=until
    )
    assert page.complete_until is not None
    assert abs(page.complete_until - until) < timedelta(seconds=1)
    if minutes < 0:  # twin: the host's own clock asks for what is still to come
        with pytest.raises(Rejected):
            orders.search_orders(
                client,
                marketplaces=[DE],
                updated_after=since,
                updated_before=datetime.now(UTC) - timedelta(minutes=2),
            )


def test_the_limiter_keeps_within_amazons_own_buckets(simulate: Make) -> None:
    """Time runs twice as fast there, which Amazon's rate header tells the limiter."""
    amazon = simulate(rate_limits=True, time_scale=2.0)
    client = client_of(amazon, patience=2.0)
    begin = time.monotonic()
    for _ in range(30):
        listings.get_listing(client, SKU, [DE])
    assert 429 not in {seen.status for seen in amazon.requests}
    assert time.monotonic() - begin < 3.5  # at the published rate it would take four seconds


def test_without_our_limiter_amazon_says_too_often(simulate: Make) -> None:
    """The twin of the test above."""

    class Unlimited(Limiter):
        def take(self, operation: str) -> float:
            return 0.0

    amazon = simulate(rate_limits=True)
    client = client_of(amazon, limiter=Unlimited(MemoryBuckets(), "x"))
    with pytest.raises(Throttled):
        ask_often(client)


def ask_often(client: Client) -> None:
    for _ in range(60):
        listings.get_listing(client, SKU, [DE])
