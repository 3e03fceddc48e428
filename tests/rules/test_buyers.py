"""An address of Amazon's says nothing of who the buyer is."""

from __future__ import annotations

import pytest

from django_amazon_sync.rules.buyers import is_relay


@pytest.mark.parametrize(
    "email",
    ["", " ", "x7k2@marketplace.amazon.de", "a@m.marketplace.amazon.co.uk",
     "A@Marketplace.Amazon.COM"],
)  # fmt: skip
def test_amazons_own_addresses_and_none_are_relays(email: str) -> None:
    assert is_relay(email)


@pytest.mark.parametrize(
    "email",
    ["ada@example.com", "ada@amazon.de", "ada@notmarketplace.amazon.de",
     "marketplace.amazon.de@example.com", "ada@example.com (@marketplace.amazon"],
)  # fmt: skip
def test_a_buyers_own_address_is_none(email: str) -> None:
    assert not is_relay(email)
