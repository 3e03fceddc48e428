"""pytest fixtures: ``pytest_plugins = ["django_amazon_sync.testing.plugin"]`` in a conftest.

``amazon`` is a simulated Amazon; ``amazon_account`` joins it to the project's own shop. Jobs are
done by the commands, in the test's own process; docs/own-shop.md has an example.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from .simulator import Simulator

if TYPE_CHECKING:  # models may only be imported once Django is set up
    from django_amazon_sync.models import SellerAccount

__all__ = ["amazon", "amazon_account", "amazon_marketplace"]


@pytest.fixture
def amazon() -> Iterator[Simulator]:
    """A fresh simulated Amazon, without rate limits; it serves until the test ends."""
    with Simulator(rate_limits=False) as simulator:
        yield simulator


@pytest.fixture
def amazon_marketplace() -> str:
    """The marketplace that ``amazon_account`` sells in: Germany. Override it for another one."""
    return "A1PA6795UKMFR9"


@pytest.fixture
def amazon_account(
    amazon: Simulator, amazon_marketplace: str, settings: Any, db: None
) -> SellerAccount:
    """The simulated seller of that marketplace, connected to ``AMAZON_SYNC["SHOP"]`` and released.

    All products are synchronised; orders get the shop's first shipping and payment method. The
    settings lead to the simulator and to no other service (needs pytest-django).
    """
    from cryptography.fernet import Fernet

    from django_amazon_sync.amazon.marketplaces import MARKETPLACES
    from django_amazon_sync.shops import configured_shop
    from django_amazon_sync.sync.accounts.connect import ANY, Credentials, connect_account, release

    settings.AMAZON_SYNC = {
        **settings.AMAZON_SYNC,
        "ENDPOINT": amazon.regional_endpoint,
        "LWA_ENDPOINT": amazon.lwa_endpoint,
        "ENCRYPTION_KEYS": [Fernet.generate_key().decode()],
        "DEPLOYMENT": "tests",
        "REDIS_URL": "",
    }
    seller = amazon.seller(MARKETPLACES[amazon_marketplace].region)
    account = connect_account(
        configured_shop(),
        Credentials(seller.client_id, seller.client_secret, seller.refresh_token),
        region=seller.region,
        seller_id=seller.seller_id,
        marketplaces=[amazon_marketplace],
        payment_method=ANY,
        shipping_method=ANY,
        synchronise_all=True,
    )
    release(account)
    return account
