"""``amazon_connect``: an account from a script, whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import (
    AccessToken,
    Application,
    Marketplace,
    Schedule,
    SellerAccount,
)
from django_amazon_sync.testing.simulator import Fault, Seller, Simulator
from tests.commands.conftest import Change, manage, manage_json
from tests.world import DE, FR

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]

US = "ATVPDKIKX0DER"
EU = ("--region", "eu", "--seller-id", "AEUSELLER00001", "--marketplace", DE)


def nothing_is_half_made() -> bool:
    models: list[Any] = [Application, SellerAccount, Marketplace, Schedule, AccessToken]
    return not any(model.objects.exists() for model in models)


# --- Connecting ----------------------------------------------------------------------------------


def test_a_new_account_observes_in_all_its_marketplaces(seller: Seller) -> None:
    said = manage_json("amazon_connect", *EU, "--marketplace", FR, "--name", "Europe")
    account = SellerAccount.objects.get()
    assert said.exit == 0
    assert said.document["account"] == {
        "account": account.pk,
        "name": "Europe",
        "seller_id": seller.seller_id,
        "region": "eu",
        "state": "observing",
        "marketplaces": [FR, DE],
    }
    assert account.refresh_token == seller.refresh_token


def test_the_text_says_what_to_do_next(seller: Seller) -> None:
    said = manage("amazon_connect", *EU)
    assert "observing" in said.out
    assert "amazon_export --dry-run" in said.out


def test_any_is_the_shops_first_method(seller: Seller) -> None:
    manage(
        "amazon_connect",
        *EU,
        *("--default-payment-method", "any", "--default-shipping-method", "any"),
    )
    account = SellerAccount.objects.get()
    assert (account.default_payment_method, account.default_shipping_method) == (
        "amazon",
        "free-shipping",
    )


def test_an_account_that_is_there_is_updated_and_what_is_not_said_stays(seller: Seller) -> None:
    manage("amazon_connect", *EU, "--default-payment-method", "any", "--synchronise-all")
    before = SellerAccount.objects.get()
    assert manage("amazon_connect", *EU, "--marketplace", FR, "--scope", "warehouse").exit == 0
    after = SellerAccount.objects.get()
    assert (after.pk, after.shop_scope, after.synchronise_all) == (before.pk, "warehouse", True)
    assert after.default_payment_method == "amazon"
    assert after.marketplaces.count() == 2
    manage("amazon_connect", *EU, "--no-synchronise-all")
    assert not SellerAccount.objects.get().synchronise_all


def test_products_are_not_synchronised_unless_asked(seller: Seller) -> None:
    manage("amazon_connect", *EU)
    assert not SellerAccount.objects.get().synchronise_all


def test_release_lets_it_write_from_this_deployment(seller: Seller) -> None:
    assert manage_json("amazon_connect", *EU, "--release").document["account"]["state"] == "live"
    assert SellerAccount.objects.get().deployment == "tests"


def test_no_secret_is_printed(seller: Seller) -> None:
    for said in (manage("amazon_connect", *EU), manage_json("amazon_connect", *EU)):
        for secret in (seller.client_secret, seller.refresh_token):
            assert secret not in said.out + said.err


# --- What cannot be connected leaves nothing behind --------------------------------------------


@pytest.mark.parametrize("name", ["CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"])
def test_a_missing_secret_is_named(
    seller: Seller, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(f"AMAZON_LWA_{name}")
    said = manage("amazon_connect", *EU)
    assert (said.exit, said.err) == (2, f"Set AMAZON_LWA_{name} in the environment.")
    assert nothing_is_half_made()


def test_a_wrong_secret(seller: Seller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMAZON_LWA_CLIENT_SECRET", "of-another-application")
    said = manage_json("amazon_connect", *EU)
    assert said.exit == 2
    assert said.document["error"]["code"] == "disconnected"
    assert "the client id or the client secret is wrong" in said.document["error"]["message"]
    assert "of-another-application" not in said.out + said.err
    assert nothing_is_half_made()


def test_a_revoked_token(seller: Seller, amazon: Simulator) -> None:
    amazon.revoke(seller)
    said = manage("amazon_connect", *EU)
    assert said.exit == 2
    assert "authorise the account again" in said.err
    assert nothing_is_half_made()


def test_a_missing_role(seller: Seller, amazon: Simulator) -> None:
    amazon.faults.add(Fault("getMarketplaceParticipations", "403", times=None))
    amazon.faults.add(Fault("getListingsItem", "403", times=None))
    said = manage("amazon_connect", *EU)
    assert said.exit == 2
    assert "lacks the role" in said.err
    assert nothing_is_half_made()


def test_a_role_that_only_participations_lack_is_no_hindrance(
    seller: Seller, amazon: Simulator
) -> None:
    amazon.faults.add(Fault("getMarketplaceParticipations", "403", times=None))
    assert manage("amazon_connect", *EU).exit == 0


def test_the_wrong_region(seller: Seller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is Europe's; region and marketplace say North America."""
    said = manage(
        "amazon_connect",
        *("--region", "na", "--seller-id", seller.seller_id, "--marketplace", US),
    )
    assert said.exit == 2
    assert "region" in said.err
    assert nothing_is_half_made()


def test_a_marketplace_of_another_region(seller: Seller) -> None:
    said = manage("amazon_connect", *EU, "--marketplace", US)
    assert said.exit == 2
    assert "(US) is in region na, not eu" in said.err
    assert nothing_is_half_made()


def test_an_unknown_marketplace(seller: Seller) -> None:
    said = manage("amazon_connect", *EU, "--marketplace", "A0000000000000")
    assert said.exit == 2
    assert "A0000000000000 is not a marketplace id; those of region eu are" in said.err
    assert DE in said.err
    assert nothing_is_half_made()


def test_a_marketplace_where_the_seller_does_not_sell(seller: Seller) -> None:
    said = manage("amazon_connect", *EU, "--marketplace", "A1805IZSGTT6HS")
    assert said.exit == 2
    assert "does not sell in A1805IZSGTT6HS; it sells in" in said.err
    assert nothing_is_half_made()


def test_a_dead_host(seller: Seller, set_amazon: Change) -> None:
    set_amazon(ENDPOINT="http://127.0.0.1:9")
    said = manage("amazon_connect", *EU)
    assert said.exit == 2
    assert "no connection to Amazon; check network, proxy" in said.err
    assert nothing_is_half_made()


def test_no_encryption_key(seller: Seller, set_amazon: Change, amazon: Simulator) -> None:
    set_amazon(ENCRYPTION_KEYS=[])
    said = manage("amazon_connect", *EU)
    assert said.exit == 2
    assert "ENCRYPTION_KEYS'] is empty; make a key with: python -c" in said.err
    assert nothing_is_half_made()


def test_a_release_without_a_deployment(seller: Seller, set_amazon: Change) -> None:
    set_amazon(DEPLOYMENT="")
    said = manage("amazon_connect", *EU, "--release")
    assert said.exit == 2
    assert "DEPLOYMENT" in said.err
    assert nothing_is_half_made()


@pytest.mark.parametrize("what", ["payment", "shipping"])
def test_a_method_that_the_shop_does_not_have(seller: Seller, what: str) -> None:
    said = manage("amazon_connect", *EU, f"--default-{what}-method", "pigeon")
    assert said.exit == 2
    assert f"The shop has no {what} method 'pigeon'; it has" in said.err
    assert nothing_is_half_made()


def test_a_setting_that_is_wrong_is_named_with_its_remedy(
    seller: Seller, set_amazon: Change
) -> None:
    set_amazon(ENDPIONT="https://example.com")
    said = manage_json("amazon_connect", *EU)
    assert said.exit == 2
    assert "AMAZON_SYNC has no setting 'ENDPIONT'" in said.err
    assert said.document["error"]["code"] == "configuration"
    assert nothing_is_half_made()


def test_what_fails_for_an_account_that_is_there_leaves_it_as_it_was(
    seller: Seller, amazon: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    manage("amazon_connect", *EU, "--scope", "warehouse", "--release")
    monkeypatch.setenv("AMAZON_LWA_REFRESH_TOKEN", "Atzr|of-somebody-else")
    assert manage("amazon_connect", *EU, "--scope", "other").exit == 2
    account = SellerAccount.objects.get()
    assert (account.shop_scope, account.state) == ("warehouse", "live")
    assert account.refresh_token == seller.refresh_token
