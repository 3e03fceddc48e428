"""Where the shop's visitors find a product at Amazon: only what can be bought there now.

A link follows from rows alone: listing, marketplace and account. A whole list of products costs
one question to the shop and one to the listings, asked when the first link is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlencode

from django_amazon_sync.amazon.marketplaces import MARKETPLACES, MarketplaceFacts
from django_amazon_sync.errors import ConfigurationError, NotSupported
from django_amazon_sync.models import AccountState, Listing, Presence, amazon_ships
from django_amazon_sync.shops import configured_shop

__all__ = ["AmazonLink", "ProductLinks", "links_of_offers", "links_of_products"]

#: Amazon's words for an offer that can be bought: of the Listings API, and of its report.
BUYABLE = frozenset({"BUYABLE", "Active"})


@dataclass(frozen=True, slots=True)
class AmazonLink:
    """An offer's page at one Amazon store; ``rel`` is the link's relation to it."""

    marketplace: str
    asin: str
    associate_tag: str = ""

    @property
    def store(self) -> str:
        """The store's name for people, such as amazon.de."""
        return MARKETPLACES[self.marketplace].store_domain.removeprefix("www.")

    @property
    def url(self) -> str:
        domain = MARKETPLACES[self.marketplace].store_domain
        tag = f"?{urlencode({'tag': self.associate_tag})}" if self.associate_tag else ""
        return f"https://{domain}/dp/{quote(self.asin, safe='')}{tag}"

    @property
    def rel(self) -> str:
        """Search engines ask for "sponsored" where the shop earns by the link."""
        return "sponsored nofollow noopener" if self.associate_tag else "nofollow noopener"


def links_of_offers(
    offer_pks: Iterable[str], *, marketplace: str = "", language: str = ""
) -> dict[str, AmazonLink]:
    """The link of each offer that can be bought at Amazon, in one query.

    ``marketplace`` is an id or a country; without it the store nearest to the language is taken,
    of equally near ones the one that was connected first.
    """
    found: dict[str, list[tuple[int, AmazonLink]]] = {}
    for listing in _buyable(offer_pks, marketplace):
        sold_in = listing.marketplace
        link = AmazonLink(sold_in.code, listing.asin, sold_in.associate_tag)
        away = distance(sold_in.facts, language)
        found.setdefault(listing.sku.offer_pk, []).append((away, link))
    return {pk: min(links, key=lambda found: found[0])[1] for pk, links in found.items()}


def links_of_products(
    product_pks: Iterable[str], *, marketplace: str = "", language: str = ""
) -> dict[str, AmazonLink]:
    """The link of each product of the shop: that of the first of its offers that has one."""
    try:
        offers = configured_shop().offers_of_products(product_pks)
    except (ConfigurationError, NotSupported):
        return {}  # a system check says what is wrong; the shop's pages go on
    of_offers = [pk for pks in offers.values() for pk in pks]
    links = links_of_offers(of_offers, marketplace=marketplace, language=language)
    firsts = {
        product: next((links[pk] for pk in pks if pk in links), None)
        for product, pks in offers.items()
    }
    return {product: link for product, link in firsts.items() if link is not None}


def _buyable(offer_pks: Iterable[str], marketplace: str) -> Iterator[Listing]:
    """Listings that can be bought as far as their rows say; a status is a list of words."""
    rows = (
        Listing.objects.filter(
            sku__offer_pk__in=set(offer_pks) - {""},
            presence=Presence.PRESENT,
            end_offer=False,
            marketplace__active=True,
        )
        .exclude(asin="")
        .exclude(marketplace__account__state=AccountState.DISCONNECTED)
        .select_related("sku", "marketplace")
        .only(
            "asin", "status", "believed", "verified", "drift", "amazon_stock", "sku__offer_pk",
            "sku__channel", "marketplace__code", "marketplace__associate_tag",
        )
        .order_by("marketplace", "pk")
    )  # fmt: skip
    if marketplace:
        rows = rows.filter(marketplace__code__in=_codes_of(marketplace))
    return (row for row in rows if BUYABLE & set(row.status.split()) and _has_units(row))


def _has_units(listing: Listing) -> bool:
    """Whether there is something to buy; what is not known is taken for it."""
    if amazon_ships(listing.sku.channel):
        return bool(listing.amazon_stock.get("fulfillable") != 0)
    drift = listing.drift.get("quantity")
    live = drift.get("live") if isinstance(drift, dict) else None
    known = (listing.believed.get("quantity"), listing.verified.get("quantity"), live)
    return 0 not in known


def _codes_of(marketplace: str) -> list[str]:
    """The ids of a marketplace that is named by its id or its country."""
    name = marketplace.upper()
    return [facts.id for facts in MARKETPLACES.values() if name in (facts.id, facts.country)]


def distance(facts: MarketplaceFacts, language: str) -> int:
    """How far a store is from whoever reads this language, such as "de-at": 0 is its own."""
    spoken, _dash, country = language.lower().replace("_", "-").partition("-")
    own, _underscore, _home = facts.language.lower().partition("_")
    if country and country == facts.country.lower():
        return 0
    return 1 if spoken and spoken == own else 2


# --- For templates ------------------------------------------------------------------------------


class Product(Protocol):
    """A product of the shop, whatever its model."""

    @property
    def pk(self) -> object: ...


class ProductLinks(Mapping[str, AmazonLink]):
    """The links of a list of products, by the text of their pk; asked for once, and late."""

    def __init__(
        self, products: Iterable[Product], *, marketplace: str = "", language: str = ""
    ) -> None:
        self._products = products
        self._marketplace = marketplace
        self._language = language
        self._links: dict[str, AmazonLink] | None = None
        self._pks: frozenset[str] | None = None

    @property
    def pks(self) -> frozenset[str]:
        """The products that this list is about, those without a link too."""
        if self._pks is None:
            self._pks = frozenset(str(product.pk) for product in self._products)
        return self._pks

    def _read(self) -> dict[str, AmazonLink]:
        if self._links is None:
            self._links = links_of_products(
                self.pks, marketplace=self._marketplace, language=self._language
            )
        return self._links

    def __getitem__(self, pk: str) -> AmazonLink:
        return self._read()[pk]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __str__(self) -> str:
        return ""  # what the tag shows where it is used without "as"
