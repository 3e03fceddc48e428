"""Amazon's own examples, read by the gateway, on good days and on bad ones."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.amazon import listings, orders
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.sellers import marketplace_participations
from django_amazon_sync.data import OrderData, OrderPage
from django_amazon_sync.errors import AmazonError, NotFound, Rejected, Throttled, Unavailable
from tests.contract.amazon_models import contract_folder, load_models
from tests.contract.callers import CA, CALLS, SINCE, SKU, US, client_of, operations_called
from tests.contract.standin import BAD_ANSWERS, OPERATIONS, StandIn

# Amazon's example of a 204 has nothing that could be cut, and nothing that could be missing.
SILENT = {"confirmShipment", "cancelFeed"}
HARMLESS = {(operation, kind) for operation in SILENT for kind in ("half", "without-content")}
HARMLESS |= {("cancelFeed", "empty")}
# Number, currency, grand total and quantities of the published orders, page by page.
ORDERS = [
    ("250-1234567-8901234", "JPY", Decimal("19940"), (1, 2)),
    ("123-4567890-1234567", "USD", Decimal("154.99"), (2, 1)),
    ("202-1234567-8901234", "GBP", Decimal("103.97"), (3,)),
    ("171-9876543-2109876", "BRL", Decimal("299.90"), (1,)),
]


@pytest.fixture
def amazon() -> Iterator[StandIn]:
    with StandIn(contract_folder() / "models") as standin:
        yield standin


@pytest.fixture
def client(amazon: StandIn) -> Client:
    return client_of(amazon.endpoint, amazon.lwa_endpoint)


def search(client: Client, token: str = "") -> OrderPage:
    return orders.search_orders(client, marketplaces=[US], updated_after=SINCE, page_token=token)


def all_orders(client: Client) -> list[OrderData]:
    """Every page, each asked for until it comes."""
    found: list[OrderData] = []
    token, pages = "", 0
    while token or not pages:
        try:
            page = search(client, token)
        except (Unavailable, Throttled):
            continue
        found += [order for order, _ in page.orders if isinstance(order, OrderData)]
        token, pages = page.next_token, pages + 1
    assert pages == 3
    return found


def facts(order: OrderData) -> tuple[str, str, Decimal, tuple[int, ...]]:
    assert order.amounts is not None
    quantities = tuple(line.quantity for line in order.lines)
    return order.number, order.amounts.currency, order.amounts.grand_total, quantities


def test_it_serves_what_the_gateway_calls() -> None:
    served = {name for names in OPERATIONS.values() for name in names}
    assert served == operations_called()


@pytest.mark.parametrize("operation", CALLS)
def test_amazons_example_is_read(operation: str, amazon: StandIn, client: Client) -> None:
    answer = CALLS[operation](client)
    assert answer or operation in SILENT
    assert amazon.requests


@pytest.mark.parametrize("kind", BAD_ANSWERS)
@pytest.mark.parametrize("operation", CALLS)
def test_a_bad_answer_is_a_typed_error_and_never_an_empty_result(
    operation: str, kind: str, amazon: StandIn, client: Client
) -> None:
    if (operation, kind) in HARMLESS:
        assert CALLS[operation](client) is None
        return
    amazon.bad_answers = [kind]
    with pytest.raises(Throttled if kind == "429" else Unavailable) as caught:
        CALLS[operation](client)
    assert caught.value.operation == operation
    assert len(amazon.requests) == 1
    assert CALLS[operation](client) or operation in SILENT


def test_the_published_orders_come_page_by_page(client: Client) -> None:
    found = all_orders(client)
    assert [facts(order) for order in found] == ORDERS
    for order in found:
        assert order.amounts is not None
        assert order.amounts.difference == 0
        assert order.delivery is not None
        assert order.delivery.postcode


def test_bad_days_lose_no_order_and_double_none(amazon: StandIn, client: Client) -> None:
    amazon.bad_answers = [day for kind in BAD_ANSWERS[:4] for day in (kind, "good")]
    amazon.bad_answers += BAD_ANSWERS[4:]
    assert [facts(order) for order in all_orders(client)] == ORDERS
    assert [seen.answer for seen in amazon.requests].count("good") == 3


def test_each_order_can_be_asked_for(client: Client) -> None:
    for number, *rest in ORDERS:
        order, raw = orders.get_order(client, number)
        assert isinstance(order, OrderData)
        assert list(facts(order)[1:]) == rest
        assert raw["orderId"] == number
    with pytest.raises(NotFound):
        orders.get_order(client, "000-0000000-0000000")


def test_a_token_is_good_for_its_own_parameters_only(client: Client) -> None:
    token = search(client).next_token
    with pytest.raises(Rejected, match="other parameters"):
        orders.search_orders(client, marketplaces=[CA], updated_after=SINCE, page_token=token)


def test_the_search_says_until_when_it_is_complete(client: Client) -> None:
    complete_until = search(client).complete_until
    assert complete_until is not None
    assert 100 < (datetime.now(UTC) - complete_until).total_seconds() < 150


def test_the_published_listing() -> None:
    with StandIn(contract_folder() / "models") as amazon:
        client = client_of(amazon.endpoint, amazon.lwa_endpoint)
        facts = listings.read_skus(client, [SKU], [US, CA])[SKU]
        participations = marketplace_participations(client)
    american, canadian = facts.listings
    assert (facts.channels, facts.live_quantity) == (("DEFAULT",), 100)
    assert str(american.live_price) == "100.00 USD"
    assert str(canadian.live_price) == "130.00 CAD"
    assert american.asin == canadian.asin == "B071VG5N9D"
    assert any(issue.suppresses for issue in american.issues)
    assert [one.marketplace for one in participations] == [US]


def test_a_stranger_gets_nothing(amazon: StandIn) -> None:
    class Strange:
        def token(self, scope: str = "") -> str:
            return "Atza|strange"

        def refresh(self, rejected_token: str, scope: str = "") -> str:
            raise AssertionError("A token that is not expired is not refreshed.")

    client = client_of(amazon.endpoint, amazon.lwa_endpoint)
    client._tokens = Strange()
    with pytest.raises(AmazonError, match="lacks the role"):
        search(client)


def test_amazons_examples_are_what_its_models_say(amazon: StandIn) -> None:
    models = load_models()
    examples: list[tuple[str, int, Any]] = [
        (operation.name, operation.status, operation.example) for operation in amazon.operations
    ]
    examples += [("getOrder", 200, {"order": order}) for order in amazon.orders]
    refused = {
        name
        for name, status, body in examples
        if models.response_faults(name, status, None if status == 204 else body)
    }
    assert refused == set()
