"""Sellers API v1: the marketplaces of an account, and things that only look like some."""

from .answers import Json, Request, Success
from .marketplaces import MARKETPLACES, PSEUDO_MARKETPLACES
from .world import World


def get_marketplace_participations(world: World, request: Request) -> Success:
    """getMarketplaceParticipations: real stores first, then pseudo-marketplaces."""
    seller = request.seller
    rows = []
    for id_ in seller.marketplaces:
        store = MARKETPLACES[id_]
        row = _row(id_, store.name, store.country, store.currency, store.language, store.domain)
        row["participation"] |= seller.participations.get(id_, {})
        rows.append(row)
    home = MARKETPLACES[seller.marketplaces[0]]
    for id_, name, country in PSEUDO_MARKETPLACES[seller.region]:
        domain = f"{name.split()[0].lower()}.example.com"
        rows.append(_row(id_, name, country, home.currency, home.language, domain))
    return Success({"payload": [{**row, "storeName": seller.store_name} for row in rows]})


def _row(id_: str, name: str, country: str, currency: str, language: str, domain: str) -> Json:
    return {
        "marketplace": {
            "id": id_,
            "name": name,
            "countryCode": country,
            "defaultCurrencyCode": currency,
            "defaultLanguageCode": language,
            "domainName": domain,
        },
        "participation": {"isParticipating": True, "hasSuspendedListings": False},
    }
