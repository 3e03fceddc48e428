"""Every request that the gateway makes is one that Amazon's models allow."""

from collections.abc import Iterator
from typing import Any

import pytest

from django_amazon_sync.amazon import listings, orders, product_types
from django_amazon_sync.amazon.client import Client
from tests.contract.amazon_models import Models, contract_folder, load_models
from tests.contract.callers import CALLS, OFFER, SINCE, SKU, UNTIL, US, client_of
from tests.contract.standin import Seen, StandIn


@pytest.fixture
def models() -> Models:
    return load_models()


@pytest.fixture
def amazon() -> Iterator[StandIn]:
    with StandIn(contract_folder() / "models") as standin:
        yield standin


@pytest.fixture
def client(amazon: StandIn) -> Client:
    return client_of(amazon.endpoint, amazon.lwa_endpoint)


def faults(models: Models, seen: Seen) -> list[str]:
    query = {name: [value] for name, value in seen.query.items()}
    return models.request_faults(seen.operation, seen.arguments, query, seen.body)


@pytest.mark.parametrize("operation", CALLS)
def test_a_request_is_as_the_model_wants(
    operation: str, models: Models, amazon: StandIn, client: Client
) -> None:
    CALLS[operation](client)
    assert {seen.operation for seen in amazon.requests} == {operation}
    assert [faults(models, seen) for seen in amazon.requests] == [[]] * len(amazon.requests)


def test_the_other_forms_of_a_request(models: Models, amazon: StandIn, client: Client) -> None:
    listings.put_listing(client, SKU, US, OFFER, "LUGGAGE")
    listings.get_listing(client, "a/b c%2F+#,ü", [US])
    listings.read_skus(client, [f"S{number}" for number in range(30)], [US])
    product_types.search_product_types(client, US, keywords=("case", "bag"))
    by_creation: dict[str, Any] = {
        "marketplaces": [US],
        "created_after": SINCE,
        "created_before": UNTIL,
    }
    page = orders.search_orders(client, **by_creation)
    orders.search_orders(client, **by_creation, page_token=page.next_token)
    assert [found for seen in amazon.requests if (found := faults(models, seen))] == []
    assert amazon.requests[1].arguments == ("A1SELLER", "a/b c%2F+#,ü")


def test_the_judge_finds_fault(models: Models, amazon: StandIn, client: Client) -> None:
    """The twin of the tests above: a bad request does not pass."""
    listings.patch_listing(client, SKU, US, [{"op": "increase", "path": "/attributes/x"}])
    client.call("searchCatalogItems", "GET", "/catalog/2022-04-01/items", query={"ean": "1"})
    assert all(faults(models, seen) for seen in amazon.requests)
