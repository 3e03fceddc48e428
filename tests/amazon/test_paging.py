"""Pages come to an end, wherever Amazon's tokens lead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count, cycle, repeat
from typing import Any, cast

import pytest

from django_amazon_sync.amazon import catalog, feeds, inventory, listings
from django_amazon_sync.amazon.client import Answer, Client
from django_amazon_sync.data import JsonObject
from django_amazon_sync.errors import Unavailable

DE = "A1PA6795UKMFR9"


class Paged:
    """Amazon as it goes from page to page; counts the calls."""

    seller_id = "A1SELLER"

    def __init__(self, tokens: Iterator[str]) -> None:
        self._tokens = tokens
        self.asked: list[Any] = []

    def call(self, operation: str, method: str, path: str, *, query: Any) -> Answer:
        self.asked.append(query)
        token = next(self._tokens)
        body: JsonObject = {
            "items": [],
            "feeds": [],
            "payload": {"inventorySummaries": []},
            "pagination": {"nextToken": token},
            "nextToken": token,
        }
        return Answer(operation, body, 200, "", None, None)


SINCE = datetime(2026, 11, 1, tzinfo=UTC)
GATEWAYS: dict[str, Callable[[Client], object]] = {
    "searchCatalogItems": lambda client: catalog.search_catalog(client, ["1"], "EAN", DE),
    "searchListingsItems": lambda client: listings.search_listings(client, ["1"], [DE]),
    "getInventorySummaries": lambda client: list(inventory.amazon_stock(client, DE)),
    "getFeeds": lambda client: feeds.get_feeds(client, DE, SINCE),
}
TOKENS: dict[str, Callable[[], Iterator[str]]] = {
    "the same": lambda: repeat("a"),
    "a circle": lambda: cycle(["a", "b", "c"]),
    "a circle after a while": lambda: iter(["x", *["a", "b"] * 50_000]),
    "always another": lambda: map(str, count(1)),
}


@pytest.mark.parametrize("tokens", TOKENS.values(), ids=TOKENS.keys())
@pytest.mark.parametrize("gateway", GATEWAYS.values(), ids=GATEWAYS.keys())
def test_pages_without_an_end_are_no_answer(
    gateway: Callable[[Client], object], tokens: Callable[[], Iterator[str]]
) -> None:
    amazon = Paged(tokens())
    with pytest.raises(Unavailable, match="without an end"):
        gateway(cast(Client, amazon))
    assert len(amazon.asked) <= inventory._MOST_PAGES


@pytest.mark.parametrize("gateway", GATEWAYS.values(), ids=GATEWAYS.keys())
def test_pages_with_an_end_are_all_read(gateway: Callable[[Client], object]) -> None:
    amazon = Paged(iter(["a", "b", ""]))
    gateway(cast(Client, amazon))
    assert len(amazon.asked) == 3
    assert len({str(query) for query in amazon.asked}) == 3
