"""Where an account may sell."""

from typing import Any

import pytest

from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.sellers import marketplace_participations
from django_amazon_sync.data import Participation
from django_amazon_sync.errors import Unavailable

from .conftest import Reply, ScriptedServer


def one(marketplace: str, **more: Any) -> dict[str, Any]:
    named = {
        "id": marketplace,
        "countryCode": "DE",
        "name": "Amazon.de",
        "defaultCurrencyCode": "EUR",
        "defaultLanguageCode": "de_DE",
        "domainName": "www.amazon.de",
    }
    part = {"isParticipating": True, "hasSuspendedListings": False}
    return {"marketplace": named, "storeName": "Example", "participation": part} | more


def test_internal_marketplaces_with_a_real_countrys_code_are_left_out(
    server: ScriptedServer, client: Client
) -> None:
    payload = [
        one("A1PA6795UKMFR9"),
        one("A2ZV50J4W1RKNI"),
        one("A1PA6795UKMFR9"),
        one("A13V1IB3VIYZZH", participation=None),
        None,
    ]
    server.answers(Reply.of(200, {"payload": payload}))
    assert marketplace_participations(client) == [
        Participation("A1PA6795UKMFR9", "DE", "EUR", "de_DE", "Example", True, False),
        Participation("A13V1IB3VIYZZH", "DE", "EUR", "de_DE", "Example", False, False),
    ]


def test_silence_is_not_an_account_without_marketplaces(
    server: ScriptedServer, client: Client
) -> None:
    server.answers(Reply.of(200, {}))
    with pytest.raises(Unavailable, match="without payload"):
        marketplace_participations(client)
