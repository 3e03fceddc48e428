"""Sellers API: where the account may sell (sellers.json)."""

from __future__ import annotations

from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.amazon.reading import obj, objs, text
from django_amazon_sync.data import JsonObject, Participation


def marketplace_participations(client: Client) -> list[Participation]:
    """The known marketplaces of this account, each once (getMarketplaceParticipations).

    Amazon also names internal marketplaces such as "Non-Amazon" with a real country's code; they
    are left out (docs/amazon.md#internal-marketplaces-carry-real-countries).
    """
    path = "/sellers/v1/marketplaceParticipations"
    answer = client.call("getMarketplaceParticipations", "GET", path)
    read = map(_participation, objs(answer.array("payload")))
    return list(
        {
            participation.marketplace: participation
            for participation in read
            if participation.marketplace in MARKETPLACES
        }.values()
    )


def _participation(raw: JsonObject) -> Participation:
    marketplace, taking_part = obj(raw.get("marketplace")), obj(raw.get("participation"))
    return Participation(
        marketplace=text(marketplace.get("id")),
        country=text(marketplace.get("countryCode")),
        currency=text(marketplace.get("defaultCurrencyCode")),
        language=text(marketplace.get("defaultLanguageCode")),
        store_name=text(raw.get("storeName")),
        active=taking_part.get("isParticipating") is True,
        suspended=taking_part.get("hasSuspendedListings") is True,
    )
