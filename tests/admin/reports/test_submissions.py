"""The page of a submission: what it carries, what it waits for, what became of it."""

from __future__ import annotations

import pytest

from django_amazon_sync.models import Listing, Submission, SubmissionState
from tests.admin.conftest import Staff
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory, SubmissionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing(db: None) -> Listing:
    account = LiveAccountFactory.create(synchronise_all=True)
    return ListingInStepFactory.create(marketplace__account=account, sku__sku="a/b c%2F+#,ü")


def test_a_submission_shows_what_it_carries_and_what_became_of_it(
    staff: Staff, listing: Listing
) -> None:
    sent = SubmissionFactory.create(
        listing=listing,
        item__values={"price": "12.90 EUR"},
        state=SubmissionState.UNKNOWN,
        reason="No answer came.",
        content={"patches": [{"op": "merge", "path": "/attributes/purchasable_offer"}]},
    )
    page = staff.see(Submission, sent.pk)
    for shown in (
        "12.90 EUR", "No answer came.", "reads back whether Amazon has it", "purchasable_offer",
    ):  # fmt: skip
        assert shown in page


def test_a_feed_shows_how_many_listings_it_carries_and_what_it_waits_for(
    staff: Staff, listing: Listing
) -> None:
    feed = SubmissionFactory.create(
        listing=listing,
        item__values={"price": "13.37 EUR"},
        kind=Submission.Kind.FEED,
        state=SubmissionState.SENT,
        content={"messages": 24_871},
    )
    page = staff.see(Submission, feed.pk)
    assert "24,871" in page or "24871" in page
    assert "from minutes to many hours" in page
    # On its way, and among what was sent.
    assert staff.see(Listing, listing.pk).count("13.37 EUR") == 2
    feed.items.update(settled=True)
    assert staff.see(Listing, listing.pk).count("13.37 EUR") == 1
