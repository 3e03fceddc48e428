"""The listings reports as files: columns, cells and encodings, with all that is odd about them.

Rows show what is live. What the encoding cannot write arrives as "?", in SKUs as in titles.
"""

import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from operator import itemgetter

from .live import MERCHANT_CHANNEL, is_fulfilled_by_amazon, read_live
from .marketplaces import MARKETPLACES
from .switches import Switches
from .world import Listing, Product, World

COLUMNS = (
    "item-name",
    "item-description",
    "listing-id",
    "seller-sku",
    "price",
    "quantity",
    "open-date",
    "image-url",
    "item-is-marketplace",
    "product-id-type",
    "zshop-shipping-fee",
    "item-note",
    "item-condition",
    "zshop-category1",
    "zshop-browse-path",
    "zshop-storefront-feature",
    "asin1",
    "asin2",
    "asin3",
    "will-ship-internationally",
    "expedited-shipping",
    "zshop-boldface",
    "product-id",
    "bid-for-featured-placement",
    "add-delete",
    "pending-quantity",
    "fulfillment-channel",
    "merchant-shipping-group",
    "status",
)
OPEN_COLUMNS = ("sku", "asin", "price", "quantity", "Business Price", "Quantity Price Type")
OBSOLETE = "Deprecated column"
FEW = (
    "item-name",
    "listing-id",
    "seller-sku",
    "price",
    "quantity",
    "open-date",
    "product-id-type",
    "item-note",
    "item-condition",
    "asin1",
    "product-id",
    "fulfillment-channel",
    "status",
)
TRANSLATED = {
    "DE": {
        "item-name": "Artikelbezeichnung",
        "item-description": "Artikelbeschreibung",
        "listing-id": "Angebotsnummer",
        "seller-sku": "Händler-SKU",
        "price": "Preis",
        "quantity": "Menge",
        "open-date": "Erstellungsdatum",
        "image-url": "Bild-URL",
        "item-is-marketplace": "Artikel ist Marketplace-Angebot",
        "product-id-type": "Produkt-ID-Typ",
        "item-note": "Anmerkung zum Artikel",
        "item-condition": "Artikelzustand",
        "asin1": "ASIN 1",
        "asin2": "ASIN 2",
        "asin3": "ASIN 3",
        "will-ship-internationally": "Internationaler Versand",
        "expedited-shipping": "Expressversand",
        "product-id": "Produkt-ID",
        "add-delete": "Hinzufügen-Löschen",
        "pending-quantity": "Anzahl Bestellungen",
        "fulfillment-channel": "Versender",
        "merchant-shipping-group": "Händlerversandgruppe",
        "status": "Status",
    },
    "JP": {
        "item-name": "商品名",
        "item-description": "商品の説明",
        "listing-id": "出品ID",
        "seller-sku": "出品者SKU",
        "price": "価格",
        "quantity": "数量",
        "open-date": "出品日",
        "product-id-type": "商品IDタイプ",
        "item-note": "コンディション説明",
        "item-condition": "コンディション",
        "will-ship-internationally": "国外へ配送可",
        "expedited-shipping": "迅速な配送",
        "product-id": "商品ID",
        "pending-quantity": "在庫数",
        "fulfillment-channel": "フルフィルメント・チャンネル",
        "status": "ステータス",
    },
}
CONDITIONS = {
    "used_like_new": 1,
    "used_very_good": 2,
    "used_good": 3,
    "used_acceptable": 4,
    "collectible_like_new": 5,
    "collectible_very_good": 6,
    "collectible_good": 7,
    "collectible_acceptable": 8,
    "refurbished_refurbished": 10,
}
NEW = 11
ASIN = 1
PRODUCT_ID_TYPES = {"ISBN": 2, "UPC": 3, "EAN": 4}
OPEN_DATES = {
    "na": ("%Y-%m-%d %H:%M:%S PST", -8),
    "eu": ("%d/%m/%Y %H:%M:%S MEZ", 1),
    "fe": ("%Y/%m/%d %H:%M:%S JST", 9),
}
"""Region -> local time without a proper zone, as its files have it, and its hours from UTC."""


def all_listings(world: World, seller_id: str, marketplace: str, language: str) -> str:
    """GET_MERCHANT_LISTINGS_ALL_DATA as text; "" where there is no listing at all."""
    rows = [_cells(world, listing) for listing in world.listings(seller_id, marketplace)]
    if not rows:
        return ""
    columns, names = _columns(world.switches, marketplace, language)
    pick = itemgetter(*(COLUMNS.index(column) for column in columns))
    extra = len(names) - len(columns)
    return _text(names, ((*pick(row), *[""] * extra) for row in rows), len(rows), world.switches)


def open_listings(world: World, seller_id: str, marketplace: str) -> str:
    """GET_FLAT_FILE_OPEN_LISTINGS_DATA as text: what can be bought."""
    place = {name: COLUMNS.index(name) for name in ("seller-sku", "asin1", "price", "quantity")}
    status = COLUMNS.index("status")
    cells = [_cells(world, listing) for listing in world.listings(seller_id, marketplace)]
    rows = [row for row in cells if row[status] == "Active"]
    picked = ((*(row[number] for number in place.values()), "", "") for row in rows)
    return _text(OPEN_COLUMNS, picked, len(rows), world.switches) if rows else ""


def _text(
    names: Iterable[str], rows: Iterator[tuple[str, ...]], count: int, switches: Switches
) -> str:
    shown = {"half": count // 2, "none": 0}.get(switches.report_rows, count)
    lines = [
        "\t".join(names),
        *("\t".join(row) for row, _ in zip(rows, range(shown), strict=False)),
    ]
    if switches.report_rows == "short":
        lines = [line.rstrip("\t") for line in lines]
    return "\n".join(lines) + "\n"


def _columns(
    switches: Switches, marketplace: str, language: str
) -> tuple[tuple[str, ...], list[str]]:
    """Which columns a file has, and what its first line calls them."""
    home = MARKETPLACES[marketplace]
    if switches.report_headers == "few":
        return FEW, list(FEW)
    if switches.report_headers == "real":
        names = [OBSOLETE if name.startswith("zshop-") else name for name in COLUMNS]
        names = [name.replace("fulfillment", "fulfilment") for name in names]
        return COLUMNS, [*names, "Minimum order quantity", "Sell remainder"]
    words = TRANSLATED.get(home.country, {}) if switches.report_headers == "localised" else {}
    if not words or language not in ("", home.language):
        return COLUMNS, list(COLUMNS)
    return COLUMNS, [words.get(name, name) for name in COLUMNS]


def _cells(world: World, listing: Listing) -> tuple[str, ...]:
    """One listing in the order of COLUMNS."""
    product = world.products.get(listing.asin)
    live = read_live(listing, product.title if product else "", world.now())
    kind, number = _product_id(listing, product)
    by_amazon = is_fulfilled_by_amazon(listing)
    title = live.title if live else ""
    channels = live.channels if live else ()
    channel = next(
        (channel for channel in channels if not by_amazon or channel != MERCHANT_CHANNEL), ""
    )
    quantity = "" if live is None or by_amazon or live.quantity is None else str(live.quantity)
    return (
        title.replace("\t", " ").replace("\n", " ").replace("\r", " "),
        "",
        listing.asin[-7:],
        listing.sku,
        "" if live is None or live.price is None else str(live.price),
        quantity,
        _open_date(int(listing.created), MARKETPLACES[listing.marketplace].region),
        "",
        "y",
        str(kind),
        "",
        "",
        str(CONDITIONS.get(live.condition, NEW)) if live else "",
        "",
        "",
        "",
        listing.asin,
        "",
        "",
        "",
        "",
        "",
        number,
        "",
        "",
        "" if by_amazon else "0",
        channel,
        "",
        "Incomplete" if live is None else "Active" if live.buyable else "Inactive",
    )


def _product_id(listing: Listing, product: Product | None) -> tuple[int, str]:
    """What the seller once matched by: a barcode if the product has one, else its ASIN."""
    for kind, number in (product.identifiers if product else {}).items():
        if kind in PRODUCT_ID_TYPES:
            return PRODUCT_ID_TYPES[kind], number
    return ASIN, listing.asin


@lru_cache(maxsize=1024)
def _open_date(created: int, region: str) -> str:
    form, hours = OPEN_DATES[region]
    return time.strftime(form, time.gmtime(created + hours * 3600))
