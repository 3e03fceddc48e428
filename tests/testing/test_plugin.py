"""The fixtures for users' tests; docs/own-shop.md has a test that uses them as users do."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from django_amazon_sync import conf
from django_amazon_sync.models import AccountState, SellerAccount
from django_amazon_sync.testing.simulator import Simulator
from tests import factories

pytestmark = pytest.mark.wheel


class TestInAmerica:
    @pytest.fixture
    def amazon_marketplace(self) -> str:
        return "ATVPDKIKX0DER"

    def test_the_account_sells_where_the_marketplace_is(
        self, amazon: Simulator, amazon_account: SellerAccount
    ) -> None:
        assert amazon_account.region == "na"
        assert [one.code for one in amazon_account.marketplaces.all()] == ["ATVPDKIKX0DER"]
        factories.stock_record("MUG-BLUE", price="9.90", currency="USD", in_stock=7)
        call_command("amazon_export")
        amazon.advance(120)
        live = amazon.live("na", "MUG-BLUE", "ATVPDKIKX0DER")
        assert live is not None
        assert live.quantity == 7


def test_the_account_is_live_and_leads_to_the_simulator_alone(
    amazon: Simulator, amazon_account: SellerAccount
) -> None:
    assert amazon_account.state == AccountState.LIVE
    assert amazon_account.region == "eu"
    assert conf.get("ENDPOINT").startswith(amazon.endpoint)
    assert conf.get("LWA_ENDPOINT") == amazon.lwa_endpoint
    assert conf.get("REDIS_URL") == ""


def test_the_settings_are_as_before_in_the_next_test() -> None:
    assert conf.get("ENDPOINT") == "http://127.0.0.1:9"
