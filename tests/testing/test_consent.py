"""Seller Central's page on the simulated Amazon: what it refuses, and codes that are good once."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from django_amazon_sync.testing.simulator import Simulator
from django_amazon_sync.testing.simulator.auth import application_id

BACK = "https://shop.example.com/back/"


def consent(amazon: Simulator, **changes: str) -> requests.Response:
    asked = {
        "application_id": application_id(amazon.seller("eu")), "state": "s", "redirect_uri": BACK,
    } | changes  # fmt: skip
    return requests.post(
        f"{amazon.endpoint}/apps/authorize/consent",
        params=asked,
        data={"seller": amazon.seller("eu").seller_id},
        allow_redirects=False,
        timeout=5,
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"application_id": "amzn1.sp.solution.x"}, "MD9100"), ({"redirect_uri": ""}, "MD9100"),
     ({"redirect_uri": f"{BACK}#x"}, "MD5110")],
)  # fmt: skip
def test_what_is_not_registered_is_refused(
    amazon: Simulator, changes: dict[str, str], code: str
) -> None:
    answer = consent(amazon, **changes)
    assert answer.status_code == 400
    assert code in answer.text


def test_a_code_is_good_once_and_belongs_to_its_address(amazon: Simulator) -> None:
    seller = amazon.seller("eu")

    def exchange(code: str, redirect_uri: str = BACK) -> requests.Response:
        form = {
            "client_id": seller.client_id, "client_secret": seller.client_secret, "code": code,
            "grant_type": "authorization_code", "redirect_uri": redirect_uri,
        }  # fmt: skip
        return requests.post(amazon.lwa_endpoint, data=form, timeout=5)

    def code() -> str:
        back = parse_qs(urlsplit(consent(amazon).headers["Location"]).query)
        assert back["state"] == ["s"]
        assert back["selling_partner_id"] == [seller.seller_id]
        return back["spapi_oauth_code"][0]

    first = code()
    assert exchange(first).json()["refresh_token"] == seller.refresh_token
    assert exchange(first).json()["error"] == "invalid_grant"
    assert exchange(code(), "https://other.example.com/").status_code == 400
    old = code()
    amazon.advance(301)
    assert exchange(old).status_code == 400
    former = seller.refresh_token
    amazon.revoke("eu")
    assert exchange(code()).json()["refresh_token"] != former
