"""What was there before us: three sellers, Amazon's catalogue, and listings made by hand.

The same for every seed, so that tests can name its SKUs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from .answers import Json
from .clock import api_time
from .live import MERCHANT_CHANNEL
from .marketplaces import AMAZON_CHANNELS, MARKETPLACES, SELLING_IN, rounded
from .patches import AVAILABILITY, OFFER
from .world import Listing, Product, Seller, World

Amount = Decimal | str | int
WEIRD_SKU = "a/b c%2F+#,ü"
YEAR = 365 * 24 * 3600


def with_check_digit(digits: str) -> str:
    """A GTIN of any length from all its digits but the last (GS1 modulo 10)."""
    weights = [3 if place % 2 == 0 else 1 for place in range(len(digits))]
    total = sum(
        int(digit) * weight for digit, weight in zip(reversed(digits), weights, strict=True)
    )
    return digits + str(-total % 10)


PRODUCTS = (
    Product(
        "B0SIMTEA01",
        "Earl Grey Tea, 500 g",
        "TEA",
        {"EAN": with_check_digit("401234500001")},
        "Leaf",
    ),
    Product(
        "B0SIMMUG02",
        "Blue Mug, 0.3 l",
        "DRINKING_CUP",
        {"EAN": with_check_digit("401234500002")},
        "Clay",
    ),
    Product(
        "B0SIMLMP03", "Oak Desk Lamp", "LAMP", {"UPC": with_check_digit("03600029145")}, "Lumen"
    ),
    Product(
        "B0SIMKET04",
        "Steel Kettle, 1.7 l",
        "ELECTRIC_KETTLE",
        {"EAN": with_check_digit("401234500004")},
        "Boil",
    ),
    Product(
        "B0SIMBLN05",
        "Hand Blender 'Größe L'",
        "BLENDER",
        {"EAN": with_check_digit("401234500005")},
        "Whirl",
    ),
    Product(
        "B0SIMWRD06",
        'Adapter 1/4" to 3/8"',
        "HARDWARE",
        {"EAN": with_check_digit("401234500006")},
        "Fit",
    ),
    Product(
        "B0SIMBOK07",
        "The Book of Tides",
        "ABIS_BOOK",
        {"ISBN": with_check_digit("978000000007")},
        "Shore",
    ),
    Product(
        "B0SIMZER08",
        "Fountain Pen, Fine",
        "WRITING_INSTRUMENT",
        {"EAN": with_check_digit("401234500008")},
        "Nib",
    ),
    Product(
        "B0SIMJPN09", "名札 10枚入り", "NAME_TAG", {"EAN": with_check_digit("490123450009")}, "名"
    ),
    # Not listed by our sellers:
    Product(
        "B0SIMNEW10",
        "Garden Shears",
        "GARDEN_TOOL",
        {"EAN": with_check_digit("401234500010")},
        "Snip",
    ),
    Product(
        "B0SIMTWN11", "Wool Scarf, Red", "SCARF", {"EAN": with_check_digit("401234500011")}, "Knit"
    ),
    Product(
        "B0SIMTWN12",
        "Wool Scarf Red (2-Pack)",
        "SCARF",
        {"EAN": with_check_digit("401234500011")},
        "Knit",
    ),
    Product(
        "B0SIMRST13",
        "Restricted Perfume",
        "FRAGRANCE",
        {"EAN": with_check_digit("401234500013")},
        "Nope",
        True,
    ),
)


@dataclass(frozen=True)
class _Row:
    """One listing of the starting stock, at a US dollar price."""

    sku: str
    product: int
    dollars: str
    quantity: int | None = None
    lead_time: int | None = None
    restock_in_days: int | None = None
    sale: str | None = None
    business: str | None = None
    condition: str = "new_new"


STOCK = (
    _Row("TEA-EARL-GREY-500", 0, "12.90", 40, lead_time=2),
    _Row("MUG-BLUE", 1, "9.50", 12, sale="7.99", business="8.75"),
    _Row("LAMP-OAK", 2, "59.00", 5, restock_in_days=20),
    _Row("FBA-KETTLE", 3, "39.99"),
    _Row("FBA-BLENDER", 4, "24.99", business="22.50"),
    _Row(WEIRD_SKU, 5, "3.49", 7, lead_time=3),
    _Row("BOOK-TIDES", 6, "18.00", 1, condition="used_very_good"),
    _Row("0042", 7, "32.00", 0),
    _Row("名札-01", 8, "6.00", 25),
)


def stock_up(world: World) -> None:
    """Fill a fresh world."""
    for region, marketplaces in SELLING_IN.items():
        world.sellers.append(_seller(world, region, list(marketplaces)))
    for product in PRODUCTS:
        world.add_product(product_copy(product))
    for seller in world.sellers:
        for marketplace in seller.marketplaces[:2]:
            for row in STOCK:
                _put_up(world, seller, marketplace, row)


def product_copy(product: Product) -> Product:
    """A product of this world's own: tests change theirs."""
    return Product(**{**vars(product), "identifiers": dict(product.identifiers)})


def _seller(world: World, region: str, marketplaces: list[str]) -> Seller:
    """A seller; those of North America and Europe authorised the same application."""
    application = "shared" if region in ("na", "eu") else region
    return Seller(
        seller_id=f"A{region.upper()}SELLER00001",
        region=region,
        store_name=f"Sample Store {region.upper()}",
        client_id=f"amzn1.application-oa2-client.{_word(world, application, 'id')[:32]}",
        client_secret=f"amzn1.oa2-cs.v1.{_word(world, application, 'secret')}",
        refresh_token=f"Atzr|{_word(world, region, 'refresh token')}",
        marketplaces=marketplaces,
    )


def _word(world: World, owner: str, purpose: str) -> str:
    """The same word for the same owner, however often it is asked for."""
    serial, world.serial = world.serial, -1
    try:
        return world.unique(f"{purpose} of {owner}")
    finally:
        world.serial = serial


def _put_up(world: World, seller: Seller, marketplace: str, row: _Row) -> None:
    home = MARKETPLACES[marketplace]

    def local(dollars: str | None) -> Decimal | None:
        return (
            None
            if dollars is None
            else rounded(Decimal(dollars) * home.price_factor, home.currency)
        )

    product = PRODUCTS[row.product]
    restock = row.restock_in_days
    add_listing(
        world,
        seller,
        row.sku,
        marketplace=marketplace,
        asin=product.asin,
        price=local(row.dollars),
        quantity=row.quantity,
        channel="AMAZON" if row.quantity is None else MERCHANT_CHANNEL,
        lead_time=row.lead_time,
        restock_date=None if restock is None else api_time(world.now() + restock * 86400)[:10],
        sale_price=local(row.sale),
        business_price=local(row.business),
        condition=row.condition,
    )


def add_listing(
    world: World,
    seller: Seller,
    sku: str,
    *,
    marketplace: str,
    asin: str,
    price: Amount | None,
    quantity: int | None = None,
    channel: str = MERCHANT_CHANNEL,
    lead_time: int | None = None,
    restock_date: str | None = None,
    sale_price: Amount | None = None,
    business_price: Amount | None = None,
    title: str = "",
    condition: str = "new_new",
    product_type: str = "",
    identifiers: Mapping[str, str] | None = None,
) -> Listing:
    """A listing that is live already; an unknown ASIN joins the catalogue.

    ``channel`` "AMAZON" stands for the region's Amazon channel. Raises KeyError for a
    marketplace where the seller does not sell.
    """
    if marketplace not in seller.marketplaces:
        raise KeyError(f"{seller.seller_id} does not sell in {marketplace}.")
    if asin not in world.products:
        name, numbers = title or sku, dict(identifiers or {})
        world.add_product(Product(asin, name, product_type or "HARDWARE", numbers))
    home, product, now = MARKETPLACES[marketplace], world.products[asin], world.now()
    if channel == "AMAZON":
        channel = AMAZON_CHANNELS[seller.region]
    offers = []
    if price is not None:
        consumer = _offer(marketplace, home.currency, "ALL", Decimal(price))
        if sale_price is not None:
            sale = {"start_at": api_time(now - YEAR), "end_at": api_time(now + YEAR)}
            consumer = {**consumer, "discounted_price": _amount(Decimal(sale_price), **sale)}
        offers.append(consumer)
    if business_price is not None:
        offers.append(_offer(marketplace, home.currency, "B2B", Decimal(business_price)))
    units = quantity if channel == MERCHANT_CHANNEL else None
    attributes: Json = {
        OFFER: offers,
        AVAILABILITY: [_availability(channel, units, lead_time, restock_date)],
        "condition_type": [_condition(condition, marketplace)],
        "merchant_suggested_asin": [{"value": asin, "marketplace_id": marketplace}],
        "item_name": [
            {
                "value": title or product.title,
                "language_tag": home.language,
                "marketplace_id": marketplace,
            }
        ],
    }
    listing = Listing(
        seller_id=seller.seller_id,
        sku=sku,
        marketplace=marketplace,
        asin=asin,
        product_type=product_type or product.product_type,
        created=now,
        updated=now,
        attributes=attributes,
        live=dict(attributes),
    )
    world.keep(listing)
    _share_quantity(world, listing)
    return listing


def patches_by_hand(listing: Listing, price: Amount | None, quantity: int | None) -> list[Json]:
    """The patches with which another hand sets a price or a merchant quantity."""
    home = MARKETPLACES[listing.marketplace]
    values: dict[str, Json] = {}
    if price is not None:
        values[OFFER] = _offer(home.id, home.currency, "ALL", Decimal(price))
    if quantity is not None:
        values[AVAILABILITY] = _availability(MERCHANT_CHANNEL, quantity, None, None)
    return [
        {"op": "replace", "path": f"/attributes/{name}", "value": [value]}
        for name, value in values.items()
    ]


def _share_quantity(world: World, listing: Listing) -> None:
    """Where marketplaces share the quantity, the newest listing's holds for all."""
    if world.switches.quantity_shared:
        for other in world.skus[listing.seller_id, listing.sku].values():
            other.attributes[AVAILABILITY] = listing.attributes[AVAILABILITY]
            if other.live is not None:
                other.live[AVAILABILITY] = listing.attributes[AVAILABILITY]


# Many listings are alike, and an instance is never changed: equal ones are one in memory.


@lru_cache(maxsize=10_000)
def _condition(condition: str, marketplace: str) -> Json:
    return {"value": condition, "marketplace_id": marketplace}


@lru_cache(maxsize=10_000)
def _availability(
    channel: str, quantity: int | None, lead_time: int | None, restock_date: str | None
) -> Json:
    parts = {
        "fulfillment_channel_code": channel,
        "quantity": quantity,
        "lead_time_to_ship_max_days": lead_time,
        "restock_date": restock_date,
    }
    return {name: value for name, value in parts.items() if value is not None}


@lru_cache(maxsize=10_000)
def _offer(marketplace: str, currency: str, audience: str, price: Decimal) -> Json:
    selectors = {"marketplace_id": marketplace, "currency": currency, "audience": audience}
    return {**selectors, "our_price": _amount(price)}


def _amount(value: Decimal, **schedule: str) -> list[Json]:
    number = int(value) if value == value.to_integral_value() else float(value)
    return [{"schedule": [{**schedule, "value_with_tax": number}]}]
