"""Catalog Items API 2022-04-01: Amazon's products, by barcode, by word, by ASIN."""

import zlib

from .answers import Json, Request, Success, invalid, not_found
from .marketplaces import MARKETPLACES
from .paging import make_token, read_token
from .world import Product, World, gtin

DATA_SETS = (
    "attributes",
    "classifications",
    "dimensions",
    "identifiers",
    "images",
    "productTypes",
    "relationships",
    "salesRanks",
    "summaries",
    "vendorDetails",
)
BARCODES = ("EAN", "UPC", "GTIN", "JAN", "ISBN")


def search_catalog_items(world: World, request: Request) -> Success:
    """searchCatalogItems: one barcode may belong to several ASINs."""
    (marketplace,) = request.marketplaces(most=1)
    identifiers = request.words("identifiers", most=20)
    keywords = request.words("keywords", most=20)
    if bool(identifiers) == bool(keywords):
        raise invalid("Exactly one of 'identifiers' and 'keywords' is required.")
    found = (
        _by_identifier(world, request, identifiers) if identifiers else _by_words(world, keywords)
    )
    size = request.number("pageSize", 10, 20)
    token = request.text("pageToken")
    start = read_token(request, token, world.switches.page_token_lifetime) if token else 0
    wanted = request.words("includedData", DATA_SETS) or ["summaries"]
    items = [_item(product, [marketplace], wanted) for product in found[start : start + size]]
    body: Json = {"numberOfResults": len(found), "items": items}
    if start + size < len(found):
        body["pagination"] = {"nextToken": make_token(request, start + size)}
    return Success(body)


def _by_identifier(world: World, request: Request, identifiers: list[str]) -> list[Product]:
    kind = request.text("identifiersType")
    if kind == "ASIN":
        asins = identifiers
    elif kind == "SKU":
        asins = _asins_of_skus(world, request, identifiers)
    elif kind in BARCODES:
        numbers = [gtin(number) for number in identifiers]
        asins = [asin for number in numbers for asin in world.asins_by_barcode.get(number, [])]
    else:
        raise invalid(f"Invalid 'identifiersType' provided: {kind!r}.")
    return [world.products[asin] for asin in dict.fromkeys(asins) if asin in world.products]


def _asins_of_skus(world: World, request: Request, skus: list[str]) -> list[str]:
    seller_id = request.seller.seller_id
    if request.text("sellerId") != seller_id:
        raise invalid("'sellerId' is required when 'identifiersType' is SKU.")
    return [
        listing.asin for sku in skus for listing in world.skus.get((seller_id, sku), {}).values()
    ]


def _by_words(world: World, keywords: list[str]) -> list[Product]:
    return [
        product
        for product in world.products.values()
        if all(word.lower() in f"{product.title} {product.brand}".lower() for word in keywords)
    ]


def get_catalog_item(world: World, request: Request) -> Success:
    """getCatalogItem."""
    (asin,) = request.path
    marketplaces = request.marketplaces()
    product = world.products.get(asin)
    if product is None:
        raise not_found(f"Requested item '{asin}' not found in marketplace(s).")
    wanted = request.words("includedData", DATA_SETS) or ["summaries"]
    return Success(_item(product, marketplaces, wanted))


def _item(product: Product, marketplaces: list[str], wanted: list[str]) -> Json:
    item: Json = {"asin": product.asin}
    for name in wanted:
        if name == "attributes":
            item[name] = {
                "item_name": [
                    {
                        "value": product.title,
                        "language_tag": MARKETPLACES[id_].language,
                        "marketplace_id": id_,
                    }
                    for id_ in marketplaces
                ],
                "item_type_keyword": [
                    {"value": keyword_of(product.product_type), "marketplace_id": id_}
                    for id_ in marketplaces
                ],
            }
        else:
            item[name] = [row for id_ in marketplaces if (row := _data(product, id_, name))]
    return item


def browse_node(product_type: str) -> str:
    """The number of the category that products of a type lie in."""
    return str(1_000_000_000 + zlib.crc32(product_type.encode()) % 1_000_000_000)


def keyword_of(product_type: str) -> str:
    """Amazon's word for products of a type."""
    return product_type.lower().replace("_", "-")


def _picture(asin: str, pixels: int) -> Json:
    """The main picture in one size; nothing answers at its address."""
    link = f"https://m.media-amazon.com/images/I/{asin}._SL{pixels}_.jpg"
    return {"variant": "MAIN", "link": link, "height": pixels, "width": pixels}


def _data(product: Product, marketplace: str, name: str) -> Json | None:
    """One marketplace's part of a data set; None for those that this catalogue does not hold."""
    rows: dict[str, Json] = {
        "summaries": {
            "itemName": product.title,
            "brand": product.brand,
            "itemClassification": "BASE_PRODUCT",
        },
        "identifiers": {
            "identifiers": [
                {"identifierType": kind, "identifier": number}
                for kind, number in product.identifiers.items()
            ]
        },
        "productTypes": {"productType": product.product_type},
        "classifications": {
            "classifications": [
                {
                    "displayName": product.product_type.replace("_", " ").title(),
                    "classificationId": browse_node(product.product_type),
                    "parent": {"displayName": "Everything", "classificationId": "1000000000"},
                }
            ]
        },
        "images": {"images": [_picture(product.asin, pixels) for pixels in (1500, 500, 75)]},
    }
    return {"marketplaceId": marketplace, **rows[name]} if name in rows else None
