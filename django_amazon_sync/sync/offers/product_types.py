"""What Amazon says of product types, kept for some days, and where it would class a product.

Staff wait for the answer, so nothing here waits for long; what is kept is shown meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django_amazon_sync import clock
from django_amazon_sync.amazon import catalog
from django_amazon_sync.amazon import product_types as gateway
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.errors import AmazonError
from django_amazon_sync.models import Listing, Marketplace, ProductType
from django_amazon_sync.sync.offers.fields import FIELDS

#: What was read is good for so long (docs/amazon.md#product-types-seldom-change, corrected).
KEPT = timedelta(days=7)

#: Words of a title that are searched for; more words find less.
WORDS = 6

CONDITIONS, REQUIRED = "conditions", "required"


@dataclass(frozen=True)
class Suggestions:
    """Where Amazon has items of these words, and its product types for them."""

    keywords: tuple[str, ...]
    nodes: tuple[catalog.BrowseNode, ...]
    product_types: tuple[gateway.ProductType, ...]


def suggest(client: Client, marketplace: str, words: str) -> Suggestions:
    """Search the catalogue and the product types of a marketplace; two calls.

    Where one of them fails the other is shown; raises AmazonError where both do.
    """
    wanted = words.split()[:WORDS]
    items: list[catalog.Classified] = []
    types: list[gateway.ProductType] = []
    try:
        items = catalog.search_words(client, wanted, marketplace)
    except AmazonError:
        types = gateway.search_product_types(client, marketplace, title=" ".join(wanted))
    else:
        with suppress(AmazonError):
            types = gateway.search_product_types(client, marketplace, title=" ".join(wanted))
    nodes = {node.number: node for item in items for node in item.nodes if node.number}
    keywords = dict.fromkeys(item.keyword for item in items if item.keyword)
    return Suggestions(tuple(keywords), tuple(nodes.values()), tuple(types))


def read(client: Client, marketplace: Marketplace, name: str) -> ProductType:
    """Read a product type from Amazon and keep what it says of an offer. Raises AmazonError.

    The schema is downloaded only where it is another one than the one that is kept.
    """
    definition = gateway.get_product_type(client, name, marketplace.code)
    kept = ProductType.objects.filter(marketplace=marketplace, name=name).first()
    if kept is not None and kept.checksum and kept.checksum == definition.checksum:
        facts = kept.facts
    else:
        said = gateway.read_schema(client, definition)
        facts = {CONDITIONS: list(said.conditions), REQUIRED: sorted(said.required)}
    row, _made = ProductType.objects.update_or_create(
        marketplace=marketplace,
        name=name,
        defaults={
            "checksum": definition.checksum,
            "facts": facts,
            "read_at": clock.now(),
        },
    )
    return row


def kept_of(listings: Iterable[Listing]) -> dict[tuple[int, str], ProductType]:
    """What is kept of the product types of these listings, by marketplace (pk) and name."""
    wanted = {
        (listing.marketplace_id, listing.product_type)
        for listing in listings
        if listing.product_type
    }
    rows = ProductType.objects.filter(
        marketplace__in={marketplace for marketplace, _name in wanted},
        name__in={name for _marketplace, name in wanted},
    )
    found = {(row.marketplace_id, row.name): row for row in rows}
    return {key: row for key, row in found.items() if key in wanted}


def is_fresh(row: ProductType) -> bool:
    """Whether what is kept is good still."""
    return clock.now() - row.read_at < KEPT


def conditions_in(rows: Collection[ProductType]) -> list[str]:
    """The conditions that all of these product types have; none where nothing is known."""
    lists = [row.facts[CONDITIONS] for row in rows if row.facts.get(CONDITIONS)]
    return (
        [condition for condition in lists[0] if all(condition in each for each in lists)]
        if lists
        else []
    )


def fields_required(facts: Mapping[str, list[str]]) -> frozenset[str]:
    """The staff's own fields that a product type requires, by name."""
    required = facts.get(REQUIRED, ())
    return frozenset(
        name for name, field in FIELDS.items() if not field.of_shop and field.attribute in required
    )
