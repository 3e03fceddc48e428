"""The product that the tests of its page are about; other tests have their own."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import Listing, SellerAccount
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests import factories
from tests.factories_amazon import FRANCE, GERMANY, ListingInStepFactory, LiveAccountFactory


@pytest.fixture
def record() -> Any:
    """The shop's MUG, for 10 EUR."""
    return factories.stock_record("MUG", price="10.00", title="Blue mug")


@pytest.fixture
def account() -> SellerAccount:
    """A live account in Germany and France that synchronises what it is told to."""
    account = LiveAccountFactory.create(name="Europe")
    for code in (GERMANY, FRANCE):
        MarketplaceFactory.create(account=account, code=code)
    return account


@pytest.fixture
def listing(account: SellerAccount, record: Any) -> Listing:
    """The mug as Amazon has it; names do not go out."""
    sku = SellerSkuFactory.create(account=account, sku="MUG", offer_pk=str(record.pk))
    return ListingInStepFactory.create(marketplace=account.marketplaces.all()[0], sku=sku)
