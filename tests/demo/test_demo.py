"""The demonstration holds, and its table would say so if it did not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from demo_story import (
    CHANGED_THERE,
    DE,
    GB,
    LOCKED,
    OWN,
    PASSWORD,
    SELLER,
    USER,
    Story,
    addresses,
    asin_of,
    stock_record,
)
from demo_table import compare, print_table
from django.contrib.auth import authenticate
from django.test import Client
from django.utils import timezone

from django_amazon_sync.models import AmazonOrder
from django_amazon_sync.testing.simulator import Simulator

pytestmark = pytest.mark.over_http  # the story drives the simulator as another process would

SECRETS = ("AMAZON_LWA_CLIENT_ID", "AMAZON_LWA_CLIENT_SECRET", "AMAZON_LWA_REFRESH_TOKEN")


@pytest.fixture
def story(amazon: Simulator, settings: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> Story:
    """The story, told to its end."""
    settings.AMAZON_SYNC = {
        **settings.AMAZON_SYNC,
        "ENDPOINT": amazon.regional_endpoint,
        "LWA_ENDPOINT": amazon.lwa_endpoint,
        "DRIFT_AFTER": 1,
    }
    monkeypatch.setattr("demo_story.AMAZONS_TIME", 1)
    for name in SECRETS:  # the story sets them; this takes them back
        monkeypatch.setenv(name, "")
    told = Story(amazon.description())
    told.tell()
    return told


def not_held(story: Story) -> set[str]:
    return {row.what for row in compare(story) if not row.holds}


def test_the_story_holds_and_what_does_not_hold_is_seen(
    story: Story, amazon: Simulator, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not_held(story) == set()
    now = timezone.now()
    assert not AmazonOrder.objects.filter(ordered_at__gt=now).exists()
    assert abs(amazon.now() - now) < timedelta(minutes=1)
    assert authenticate(username=USER, password=PASSWORD)
    client.login(username=USER, password=PASSWORD)
    for _what, path in addresses():
        page = client.get(path)
        assert page.status_code == 200
        assert "Amazon" in page.content.decode()

    type(stock_record("MUG-WHITE")).objects.filter(partner_sku="MUG-WHITE").update(price="13.00")
    white = {"MUG-WHITE", "Prices that rose at once", "MUG-WHITE in Britain, converted"}
    assert not_held(story) == white
    amazon.buy(SELLER, DE, "LAMP-DESK")
    assert not_held(story) == {*white, "LAMP-DESK"}
    total = {"grandTotal": {"amount": "1.00", "currencyCode": "EUR"}}
    amazon.set_order(story.orders["new on Amazon"], proceeds=total)
    assert "Order, new on Amazon" in not_held(story)
    amazon.set_order(story.orders["unshipped, with discount"], packages=[])
    assert "Its shipment" in not_held(story)
    amazon.set_order(story.orders["paid in cash"], payment={"paymentExecutions": []})
    assert "How that was paid" in not_held(story)
    for sku, place, row in (
        (OWN, GB, f"{OWN} in Britain, its own price"),
        (LOCKED, GB, f"{LOCKED} in Britain, locked"),
        (CHANGED_THERE, DE, "Price changed there, taken over"),
    ):
        amazon.add_listing(
            SELLER, sku, marketplace=place, asin=asin_of(sku), price="36.50", quantity=1
        )
        assert row in not_held(story)

    print_table(compare(story))
    table = capsys.readouterr().out
    assert "NO" in table
    assert "MUG-WHITE" in table
