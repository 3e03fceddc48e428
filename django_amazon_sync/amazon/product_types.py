"""Product Type Definitions API 2020-09-01: Amazon's names for kinds of products."""

from __future__ import annotations

from dataclasses import dataclass
from tempfile import TemporaryFile
from urllib.parse import quote

from django_amazon_sync.amazon import documents
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.reading import obj, objs, parsed, text
from django_amazon_sync.errors import Unreadable

#: Bytes of a schema; the largest are a few millions.
LARGEST_SCHEMA = 32 * 1024**2

#: Somebody may be looking at a page.
SCHEMA_PACE = documents.Pace(timeout=(3.0, 5.0), seconds=15, at_most=15)

_PATH = "/definitions/2020-09-01/productTypes"


@dataclass(frozen=True, slots=True)
class ProductType:
    """One product type, as a search shows it."""

    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class ProductTypeDefinition:
    """One product type for one seller; ``schema_url`` is a link that Amazon signs for some days.

    ``checksum`` (Base64 MD5) tells whether a schema that was kept is still the current one.
    """

    name: str
    display_name: str
    version: str
    locale: str
    schema_url: str
    checksum: str


@dataclass(frozen=True, slots=True)
class SchemaFacts:
    """What a schema says of an offer: the conditions it may have, the attributes it must have."""

    conditions: tuple[str, ...]
    required: frozenset[str]


def search_product_types(
    client: Client, marketplace: str, *, title: str = "", keywords: tuple[str, ...] = ()
) -> list[ProductType]:
    """Product types that fit a title or keywords, or all (searchDefinitionsProductTypes).

    Amazon takes a title or keywords, not both.
    """
    query = {
        "marketplaceIds": [marketplace],
        "itemName": title or None,
        "keywords": keywords or None,
    }
    answer = client.call("searchDefinitionsProductTypes", "GET", _PATH, query=query)
    found = objs(answer.array("productTypes"))
    return [
        ProductType(text(product_type.get("name")), text(product_type.get("displayName")))
        for product_type in found
    ]


def get_product_type(client: Client, product_type: str, marketplace: str) -> ProductTypeDefinition:
    """The definition of one product type (getDefinitionsProductType).

    It is made for this seller (docs/amazon.md#definitions-are-made-for-a-seller).

    Raises NotFound for a name that Amazon does not know.
    """
    answer = client.call(
        "getDefinitionsProductType",
        "GET",
        f"{_PATH}/{quote(product_type, safe='')}",
        query={"marketplaceIds": [marketplace], "sellerId": client.seller_id},
    )
    schema = answer.object("schema")
    return ProductTypeDefinition(
        name=text(answer.body.get("productType")),
        display_name=text(answer.body.get("displayName")),
        version=text(obj(answer.body.get("productTypeVersion")).get("version")),
        locale=text(answer.body.get("locale")),
        schema_url=text(obj(schema.get("link")).get("resource")),
        checksum=text(schema.get("checksum")),
    )


def read_schema(client: Client, definition: ProductTypeDefinition) -> SchemaFacts:
    """Download the schema of a product type and read what it says of an offer.

    Raises Unavailable, and Unreadable for what is not a schema, or is larger than schemas are.
    """
    with TemporaryFile() as file:
        documents.download(
            definition.schema_url,
            gzipped=False,
            into=file,
            endpoint=client.endpoint,
            largest=LARGEST_SCHEMA,
            pace=SCHEMA_PACE,
        )
        return schema_facts(file.read())


def schema_facts(document: bytes) -> SchemaFacts:
    """What a schema says of an offer. Raises Unreadable."""
    try:
        schema = parsed(document)
    except ValueError:
        raise Unreadable("Amazon's schema of a product type is no JSON.") from None
    properties = obj(schema).get("properties")
    if not isinstance(schema, dict) or not isinstance(properties, dict):
        raise Unreadable("Amazon's schema of a product type has no properties.")
    condition = obj(properties.get("condition_type"))
    value = obj(obj(obj(condition.get("items")).get("properties")).get("value"))
    choices = [value, *objs(value.get("anyOf")), *objs(value.get("oneOf"))]
    words = [word for choice in choices for word in _words(choice.get("enum"))]
    return SchemaFacts(tuple(dict.fromkeys(words)), frozenset(_words(schema.get("required"))))


def _words(value: object) -> list[str]:
    words = value if isinstance(value, list) else []
    return [said for word in words if isinstance(word, str) and (said := text(word))]
