"""What a listings item says of one SKU (listingsItems_2021-08-01.json, Item).

``offers`` and ``fulfillmentAvailability`` are live; ``attributes`` is only the echo of what was
sent (docs/amazon.md#attributes-only-echo). Anything may be missing or unknown.
"""

from __future__ import annotations

from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.amazon.reading import money, obj, objs, text, texts, whole
from django_amazon_sync.data import Issue, JsonObject, ListingFacts, Money, SkuFacts
from django_amazon_sync.errors import Unreadable

MERCHANT = "DEFAULT"
#: Issues of one SKU; the more there are, the less the last say.
MOST_ISSUES = 100
_MOST_WORDS, _CODE_LENGTH, _NAME_LENGTH = 1000, 60, 200
_TAKES_DOWN = {"LISTING_SUPPRESSED", "CATALOG_ITEM_REMOVED"}


def read_item(raw: JsonObject) -> SkuFacts:
    """The facts of one SKU in every marketplace that the document speaks of.

    Raises Unreadable where the document names no SKU.
    """
    sku = text(raw.get("sku"))
    if not sku:
        raise Unreadable("Amazon's document of a listing names no SKU.")
    attributes = obj(raw.get("attributes"))
    live = objs(raw.get("fulfillmentAvailability"))
    sent = objs(attributes.get("fulfillment_availability"))
    merchant_live = _of_channel(live, "fulfillmentChannelCode")
    merchant_sent = _of_channel(sent, "fulfillment_channel_code")
    codes = [text(availability.get("fulfillmentChannelCode")) for availability in live]
    codes += [text(availability.get("fulfillment_channel_code")) for availability in sent]
    issues = [read_issue(issue) for issue in objs(raw.get("issues"))[:MOST_ISSUES]]
    return SkuFacts(
        sku=sku,
        channels=tuple(dict.fromkeys(filter(None, codes))),
        live_quantity=whole(merchant_live.get("quantity")),
        lead_time_days=whole(merchant_sent.get("lead_time_to_ship_max_days")),
        restock_date=text(merchant_sent.get("restock_date")),
        listings=tuple(
            _listing(raw, attributes, issues, marketplace)
            for marketplace in _marketplaces(raw, attributes)
        ),
    )


def read_issue(raw: JsonObject) -> Issue:
    """One issue, with its severity as Amazon says; the enforcement tells what it does.

    See docs/amazon.md#severity-does-not-say-what-happens.
    """
    enforcements = obj(raw.get("enforcements"))
    actions = {text(action.get("action")) for action in objs(enforcements.get("actions"))}
    return Issue(
        code=text(raw.get("code"), _CODE_LENGTH),
        message=text(raw.get("message"), _MOST_WORDS),
        severity=text(raw.get("severity"), _CODE_LENGTH) or "ERROR",
        attributes=texts(raw.get("attributeNames"), _NAME_LENGTH),
        marketplaces=texts(raw.get("marketplaceIds")),
        suppresses=bool(actions & _TAKES_DOWN),
    )


def _marketplaces(raw: JsonObject, attributes: JsonObject) -> list[str]:
    """Where the SKU is listed; one that was just created shows in its attributes first.

    A marketplace that we do not know is no account's, and so each part is looked at a few times.
    """
    shown = objs(raw.get("summaries")) + objs(raw.get("offers")) + objs(raw.get("productTypes"))
    names = [text(summary.get("marketplaceId")) for summary in shown]
    names += [
        text(offer.get("marketplace_id")) for offer in objs(attributes.get("purchasable_offer"))
    ]
    return [name for name in dict.fromkeys(names) if name in MARKETPLACES]


def _listing(
    raw: JsonObject, attributes: JsonObject, issues: list[Issue], marketplace: str
) -> ListingFacts:
    summary = _here(raw.get("summaries"), marketplace)
    product_type = _here(raw.get("productTypes"), marketplace)
    condition = _sent_here(attributes.get("condition_type"), marketplace)
    availability = _sent_here(attributes.get("fulfillment_availability"), marketplace)
    offer = _consumer_offer(attributes, marketplace)
    return ListingFacts(
        marketplace=marketplace,
        asin=text(summary.get("asin")),
        product_type=text(summary.get("productType") or product_type.get("productType")),
        title=text(summary.get("itemName")),
        condition=text(summary.get("conditionType")) or text(_first(condition).get("value")),
        status=texts(summary.get("status")),
        live_price=_live_price(objs(raw.get("offers")), marketplace),
        business_price=_business_price(objs(raw.get("offers")), marketplace),
        sent_price=_sent_price(offer, "our_price"),
        sale_price=_sent_price(offer, "discounted_price"),
        attributes=attributes,
        sent_title=_sent_title(attributes, marketplace),
        sent_quantity=whole(_of_channel(availability, "fulfillment_channel_code").get("quantity")),
        issues=tuple(
            issue for issue in issues if marketplace in (issue.marketplaces or [marketplace])
        ),
    )


def _live_price(offers: list[JsonObject], marketplace: str) -> Money | None:
    """What consumers pay now; business (B2B) and Haul (BZR) prices are other offers."""
    for offer in offers:
        audience = text(obj(offer.get("audience")).get("value"))
        consumers = offer.get("offerType") in ("B2C", None) and audience in ("ALL", "")
        if consumers and offer.get("marketplaceId") == marketplace:
            return _price(offer.get("price"))
    return None


def _business_price(offers: list[JsonObject], marketplace: str) -> Money | None:
    """What business buyers pay now for one unit."""
    for offer in offers:
        audience = text(obj(offer.get("audience")).get("value"))
        businesses = offer.get("offerType") == "B2B" and audience in ("B2B", "")
        if businesses and offer.get("marketplaceId") == marketplace:
            return _price(offer.get("price"))
    return None


def _price(raw: object) -> Money | None:
    """A price, or None also where it cannot be read: a listing is more than its price."""
    try:
        return money(raw)
    except Unreadable:
        return None


def _consumer_offer(attributes: JsonObject, marketplace: str) -> JsonObject:
    for offer in _sent_here(attributes.get("purchasable_offer"), marketplace):
        if text(offer.get("audience")) in ("ALL", ""):
            return offer
    return {}


def _sent_price(offer: JsonObject, part: str) -> Money | None:
    """The first price of an offer's ``part``, such as our_price or discounted_price."""
    schedule = objs(_first(objs(offer.get(part))).get("schedule"))
    sent = {"amount": _first(schedule).get("value_with_tax")}
    return _price(sent | {"currencyCode": offer.get("currency")})


def _sent_title(attributes: JsonObject, marketplace: str) -> str:
    """The title in the marketplace's own language, else in the first that there is."""
    names = _sent_here(attributes.get("item_name"), marketplace)
    facts = MARKETPLACES.get(marketplace)
    own = [name for name in names if facts and name.get("language_tag") == facts.language]
    return text(_first(own or names).get("value"))


def _here(instances: object, marketplace: str) -> JsonObject:
    return _first(
        [instance for instance in objs(instances) if instance.get("marketplaceId") == marketplace]
    )


def _sent_here(instances: object, marketplace: str) -> list[JsonObject]:
    """The attribute's instances of this marketplace, and those that name none."""
    return [
        instance
        for instance in objs(instances)
        if instance.get("marketplace_id") in (marketplace, None)
    ]


def _of_channel(instances: list[JsonObject], key: str) -> JsonObject:
    return _first([instance for instance in instances if instance.get(key) == MERCHANT])


def _first(instances: list[JsonObject]) -> JsonObject:
    return instances[0] if instances else {}
