"""Browsing and searching the example shop without an index: the tables themselves are asked.

Haystack's own simple engine does so too, but takes Oscar's filters (public, of this category) for
words to look for, and so finds nothing. A real shop has Solr or the like here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from django.db.models import Q
from haystack.backends import SearchNode  # type: ignore[import-untyped]
from haystack.backends.simple_backend import (  # type: ignore[import-untyped]
    SimpleEngine,
    SimpleSearchBackend,
    SimpleSearchQuery,
)
from haystack.models import SearchResult  # type: ignore[import-untyped]
from oscar.core.loading import get_model

if TYPE_CHECKING:
    from oscar.apps.catalogue.models import Product


class TableQuery(SimpleSearchQuery):  # type: ignore[misc]  # Haystack has no types
    def build_query(self) -> str:
        """The words and categories asked for; that products are public goes without saying."""
        wanted = [
            (field, word)
            for field, value in leaves(self.query_filter)
            for word in (value if isinstance(value, list) else [value])
        ]
        chosen = [(field, str(word)) for field, word in wanted if field in ("content", "category")]
        return urlencode(chosen) or "*"


def leaves(node: SearchNode) -> Iterator[tuple[str, Any]]:
    """The conditions of a query: the field's name and what it is compared with."""
    for child in node.children:
        if isinstance(child, SearchNode):
            yield from leaves(child)
        else:
            field, value = child
            yield field.split("__")[0], getattr(value, "query_string", value)


class TableBackend(SimpleSearchBackend):  # type: ignore[misc]  # Haystack has no types
    def search(self, query_string: str, **options: Any) -> dict[str, Any]:
        asked = parse_qs(query_string)
        products = get_model("catalogue", "Product").objects.browsable().order_by("title", "pk")
        if "category" in asked:
            products = products.filter(categories__pk__in=asked["category"]).distinct()
        for words in asked.get("content", []):
            for word in words.split():
                products = products.filter(Q(title__icontains=word) | Q(upc=word))
        page = products[options.get("start_offset") or 0 : options.get("end_offset")]
        return {"results": [as_result(product) for product in page], "hits": products.count()}


def as_result(product: Product) -> SearchResult:
    result = SearchResult("catalogue", "product", product.pk, 0)
    result._object = product
    return result


class TableEngine(SimpleEngine):  # type: ignore[misc]  # Haystack has no types
    backend = TableBackend
    query = TableQuery
