"""What the tests of alerts share."""

from __future__ import annotations

import pytest
from django.utils import timezone

from django_amazon_sync.models import SellerAccount
from tests.factories_amazon import LiveAccountFactory
from tests.sync.alerts.raising import PEOPLE, complete


@pytest.fixture
def account(db: None) -> SellerAccount:
    """A live account whose orders are complete up to now, and that nothing is the matter with."""
    account = LiveAccountFactory.create(name="Germany", alarm_recipients=PEOPLE)
    complete(account, timezone.now())
    return account
