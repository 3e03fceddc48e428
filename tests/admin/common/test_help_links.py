"""Each row leads to the article that explains its state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_amazon_sync.admin.common import help_articles, help_links
from django_amazon_sync.models import (
    AccountState,
    AmazonOrder,
    Listing,
    OrderState,
    Presence,
    RunState,
    SellerAccount,
    Shipment,
    ShipmentState,
    Submission,
    SubmissionState,
    SyncRun,
)
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    MarketplaceFactory,
    SellerAccountFactory,
    ShipmentFactory,
    SyncRunFactory,
)
from tests.admin.conftest import Staff
from tests.factories_amazon import ListingInStepFactory, SubmissionFactory

pytestmark = pytest.mark.wheel


@pytest.mark.parametrize(
    ("states", "row", "of"),
    [
        (AccountState, lambda state: SellerAccount(state=state), help_links.of_account),
        (OrderState, lambda state: AmazonOrder(state=state), help_links.of_order),
        (ShipmentState, lambda state: Shipment(state=state), help_links.of_shipment),
        (SubmissionState, lambda state: Submission(state=state), help_links.of_submission),
        (RunState, lambda state: SyncRun(state=state), help_links.of_run),
        (Presence, lambda state: Listing(presence=state), help_links.of_listing),
    ],
    ids=["account", "order", "shipment", "submission", "run", "listing"],
)
def test_every_state_has_an_article(
    states: Any, row: Callable[[str], Any], of: Callable[[Any], str]
) -> None:
    for state in states:
        assert of(row(state)) in help_articles.articles(), state


@pytest.mark.parametrize("column", ["held", "refused", "drift"])
def test_every_matter_of_a_listing_has_an_article(column: str) -> None:
    assert (
        help_links.of_listing(Listing(**{column: {"price": "1.00 EUR"}}))
        in help_articles.articles()
    )


@pytest.mark.django_db
def test_rows_link_to_their_article(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    place = MarketplaceFactory.create(account=account)
    listing = ListingInStepFactory.create(marketplace=place, held={"price": "1.00 EUR"})
    order = AmazonOrderFactory.create(
        account=account, state=OrderState.QUARANTINED, reason_code="mapping-missing"
    )
    run = SyncRunFactory.create(account=account, state=RunState.STOPPED, reason_code="unauthorized")
    rows: dict[Any, str] = {
        account: "account-observes",
        listing: "waits-for-approval",
        order: "order-not-imported",
        ShipmentFactory.create(order=order): "shipment-refused",
        SubmissionFactory.create(listing=listing): "sent-and-then",
        run: "run-stopped",
    }
    for row, name in rows.items():
        assert f'href="{help_articles.url_of(name)}"' in staff.see(type(row), row.pk), row
