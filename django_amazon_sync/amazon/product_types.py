"""Product Type Definitions API 2020-09-01: Amazon's names for kinds of products."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.reading import obj, objs, text

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
    return [ProductType(text(one.get("name")), text(one.get("displayName"))) for one in found]


def get_product_type(client: Client, product_type: str, marketplace: str) -> ProductTypeDefinition:
    """The definition of one product type, made for this seller (getDefinitionsProductType).

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
