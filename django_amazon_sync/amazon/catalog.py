"""Catalog Items API 2022-04-01: Amazon's own catalogue, by barcode, ASIN or words."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote

from django_amazon_sync.amazon.client import Client, Parameter
from django_amazon_sync.amazon.paging import pages
from django_amazon_sync.amazon.reading import obj, objs, text
from django_amazon_sync.data import CatalogItem, Identifier, JsonObject
from django_amazon_sync.errors import Rejected

IDENTIFIERS_A_CALL = 20
#: Where Amazon refuses the first so many, and none is answered, it refuses whatever is asked.
ALL_REFUSED = 3
WORDS_A_CALL = 20
#: Items that a search by words gives.
FOUND_BY_WORDS = 10
#: Categories within each other that are followed up.
DEEPEST = 20
#: Pixels across that a picture on a page of ours needs.
PICTURE_WIDTH = 160
_PATH = "/catalog/2022-04-01/items"
#: Twenty codes have some hundred items at most.
_MOST_PAGES = 50
_DATA_SETS = ("summaries", "identifiers", "productTypes", "images")


@dataclass(frozen=True, slots=True)
class BrowseNode:
    """One category of Amazon's catalogue, named with those that it lies in."""

    number: str
    path: str


@dataclass(frozen=True, slots=True)
class Classified:
    """One item of the catalogue, and where Amazon has classed it."""

    title: str
    product_type: str
    keyword: str
    nodes: tuple[BrowseNode, ...]


def search_catalog(
    client: Client, identifiers: Sequence[str], kind: str, marketplace: str
) -> list[CatalogItem]:
    """The items that carry one of the identifiers (searchCatalogItems, all its pages).

    ``kind`` is ASIN, EAN, GTIN, ISBN, JAN, MINSAN or UPC, in either case; a barcode may belong to
    several ASINs (docs/amazon.md#a-barcode-may-have-several-asins).
    """
    found: dict[str, CatalogItem] = {}
    for start in range(0, len(identifiers), IDENTIFIERS_A_CALL):
        query: dict[str, Parameter] = {
            "identifiers": identifiers[start : start + IDENTIFIERS_A_CALL],
            "identifiersType": kind.upper(),
            "marketplaceIds": [marketplace],
            "includedData": _DATA_SETS,
            "pageSize": IDENTIFIERS_A_CALL,
        }
        found_so = pages(
            client, "searchCatalogItems", _PATH, query, by="pageToken", most=_MOST_PAGES
        )
        for answer in found_so:
            items = [_item(raw, marketplace) for raw in objs(answer.array("items"))]
            found |= {item.asin: item for item in items if item.asin}
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Found:
    """The items that carry identifiers, and by which words Amazon refused single identifiers."""

    items: list[CatalogItem] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def search_each(client: Client, identifiers: Sequence[str], kind: str, marketplace: str) -> Found:
    """As ``search_catalog``, but an identifier that Amazon refuses costs itself only.

    Where a search is refused each identifier is searched by itself. Raises Rejected where the
    first few are all refused: then it is no fault of theirs.
    """
    with suppress(Rejected):
        return Found(search_catalog(client, identifiers, kind, marketplace))
    found, answered = Found(), False
    for identifier in identifiers:
        try:
            found.items.extend(search_catalog(client, [identifier], kind, marketplace))
            answered = True
        except Rejected as refusal:
            found.refused[identifier] = str(refusal)
            if len(found.refused) >= ALL_REFUSED and not answered:
                raise
    return found


def search_words(client: Client, words: Sequence[str], marketplace: str) -> list[Classified]:
    """The items that fit these words best, and where they are classed (searchCatalogItems).

    One page; Amazon takes at most twenty words
    (docs/amazon.md#twenty-codes-or-words-a-catalogue-search).
    """
    query: dict[str, Parameter] = {
        "keywords": words[:WORDS_A_CALL],
        "marketplaceIds": [marketplace],
        "includedData": ("summaries", "productTypes", "classifications", "attributes"),
        "pageSize": FOUND_BY_WORDS,
    }
    answer = client.call("searchCatalogItems", "GET", _PATH, query=query)
    return [_classified(raw, marketplace) for raw in objs(answer.array("items"))]


def _classified(raw: JsonObject, marketplace: str) -> Classified:
    nodes = objs(_here(raw.get("classifications"), marketplace).get("classifications"))
    keywords = objs(obj(raw.get("attributes")).get("item_type_keyword"))
    return Classified(
        title=text(_here(raw.get("summaries"), marketplace).get("itemName")),
        product_type=text(_here(raw.get("productTypes"), marketplace).get("productType")),
        keyword=next((text(keyword.get("value")) for keyword in keywords), ""),
        nodes=tuple(BrowseNode(text(node.get("classificationId")), _path(node)) for node in nodes),
    )


def _path(node: JsonObject) -> str:
    """The names from the widest category down to this one."""
    names: list[str] = []
    while node and len(names) < DEEPEST:
        names.append(text(node.get("displayName")))
        node = obj(node.get("parent"))
    return " > ".join(reversed(names))


def get_catalog_item(client: Client, asin: str, marketplace: str) -> CatalogItem:
    """One item (getCatalogItem); raises NotFound where the marketplace does not have the ASIN."""
    query = {"marketplaceIds": [marketplace], "includedData": _DATA_SETS}
    answer = client.call("getCatalogItem", "GET", f"{_PATH}/{quote(asin, safe='')}", query=query)
    return _item(answer.body, marketplace) if "asin" in answer.body else answer.lacks("an ASIN")


def _item(raw: JsonObject, marketplace: str) -> CatalogItem:
    codes = objs(_here(raw.get("identifiers"), marketplace).get("identifiers"))
    return CatalogItem(
        asin=text(raw.get("asin")),
        title=text(_here(raw.get("summaries"), marketplace).get("itemName")),
        picture=_main_picture(objs(_here(raw.get("images"), marketplace).get("images"))),
        product_type=text(_here(raw.get("productTypes"), marketplace).get("productType")),
        identifiers=tuple(
            Identifier(text(code.get("identifierType")).lower(), text(code.get("identifier")))
            for code in codes
        ),
    )


def _main_picture(images: Sequence[JsonObject]) -> str:
    """The address of the main picture, in the smallest size that fills a page's column."""
    main = [image for image in images if image.get("variant") == "MAIN" and text(image.get("link"))]
    sizes = [
        (width, text(image["link"]))
        for image in main
        if isinstance(width := image.get("width"), int)
    ]
    large = sorted(size for size in sizes if size[0] >= PICTURE_WIDTH)
    if large:
        return large[0][1]
    return max(sizes)[1] if sizes else ""


def _here(instances: object, marketplace: str) -> JsonObject:
    """What Amazon says of the item in one marketplace."""
    return next(
        (instance for instance in objs(instances) if instance.get("marketplaceId") == marketplace),
        {},
    )
