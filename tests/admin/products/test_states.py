"""A listing's page says why a value waits or is refused, who approved it, what was seen once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import translation

from django_amazon_sync.admin.common.formatting import moment
from django_amazon_sync.models import Job, Listing, SyncRun
from django_amazon_sync.rules import listing_state
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.listings import state
from tests.admin.conftest import TAKES_ALL, Staff
from tests.factories import stock_record
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory
from tests.world import World

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def listing(db: None) -> Listing:
    account = LiveAccountFactory.create(synchronise_all=True)
    offer_pk = str(stock_record("MUG").pk)
    return ListingInStepFactory.create(
        marketplace__account=account, sku__sku="MUG", sku__offer_pk=offer_pk
    )


def happen(listing: Listing, event: Callable[..., object], *args: Any, **named: Any) -> None:
    """Let something happen to the listing's state."""
    with state.changing([listing.pk]) as rows:
        event(rows[listing.pk], *args, **named)


def text_of(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_value_that_waits_says_why_and_since_when(staff: Staff, listing: Listing) -> None:
    reason = "The price moves from 10.00 EUR to <99.00> EUR."
    happen(
        listing, listing_state.held, {"price": "99.00 EUR"},
        code="approval", reason=reason, at=NOON,
    )  # fmt: skip
    happen(listing, listing_state.held, {"quantity": 0}, code="approval", reason="Many.", at=NOON)
    said = text_of(staff.see(Listing, listing.pk))
    escaped = reason.replace("<", "&lt;").replace(">", "&gt;")
    assert f"99.00 EUR {escaped} It has waited since {moment(NOON)}." in said
    assert f"0 Many. It has waited since {moment(NOON)}." in said
    assert "waits for approval (price: 99.00 EUR, quantity: 0)" in text_of(staff.see(Listing))


def test_a_refused_value_says_why_since_when_and_when_it_is_tried_again(
    staff: Staff, listing: Listing
) -> None:
    for minutes in (0, 1):
        happen(
            listing, listing_state.refused, {"quantity": 0}, code="4000000",
            reason="4000000: Try later.", at=NOON + timedelta(minutes=minutes),
            falls=True, about_value=True,
        )  # fmt: skip
    happen(
        listing, listing_state.refused, {"price": "1.00 EUR"}, code="X", reason="X: No.", at=NOON,
        falls=False, about_value=True,
    )  # fmt: skip
    said = text_of(staff.see(Listing, listing.pk))
    again = moment(NOON + timedelta(minutes=6))
    assert "Amazon could not process the change." in said
    assert (
        f"Amazon refused it 2 times, first on {moment(NOON)}. "
        f"It is tried again by itself on {again}." in said
    )
    assert (
        f"1.00 EUR X: No. Amazon refused it on {moment(NOON)}. "
        "It is sent again when the value changes, or when you export this SKU." in said
    )
    assert f"What Amazon refused is tried again by itself on {again}" in said


def test_an_approved_value_says_by_whom_when_and_until_when(
    staff: Staff, listing: Listing, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    happen(
        listing, listing_state.held, {"price": "99.00 EUR", "quantity": 0},
        code="approval", reason="Many.", at=NOON,
    )  # fmt: skip
    staff.press(Listing, "approve", listing)
    listing.refresh_from_db()
    by = SyncRun.objects.get().asked_by
    assert by is not None
    at = datetime.fromisoformat(listing.approvals["price"]["at"])
    said = text_of(staff.see(Listing, listing.pk))
    sentences = (
        f"Approved by {by.get_username()} on {moment(at)}. The next export sends it; the approval "
        f"ends on {moment(at + timedelta(days=7))}."
    )
    assert f"99.00 EUR {sentences}" in said
    assert f"0 {sentences} It also holds for any lower number." in said


def test_what_was_approved_at_the_command_line_says_so(staff: Staff, world: World) -> None:
    record = world.sell("MUG", price="10.00")
    world.export()
    record.price = "99.00"
    record.save()
    run = world.export()
    approving = jobs.request(world.account, Job.EXPORT, options={"approve": run.pk})
    world.amazon.revoke(world.seller)
    jobs.perform(approving, patience=1)
    assert world.listing("MUG").approvals["price"]["by"] == "command"


def test_a_quantity_that_one_reading_showed_is_told(staff: Staff, listing: Listing) -> None:
    happen(listing, listing_state.suspected, 3, 5, NOON)
    happen(listing, listing_state.check, NOON + timedelta(minutes=5))
    said = text_of(staff.see(Listing, listing.pk))
    assert "seen once" in said
    assert f"3 Amazon showed it on {moment(NOON)}. It counts once a second reading" in said
    assert f"It is read again on {moment(NOON + timedelta(minutes=5))}." in said


@pytest.mark.parametrize("columns", [{"held": {"price": "1.00 EUR"}}, {"approved": {"name": "A"}}])
def test_a_row_of_an_earlier_release_is_shown_without_a_sentence(
    staff: Staff, listing: Listing, columns: dict[str, object]
) -> None:
    Listing.objects.filter(pk=listing.pk).update(**columns)
    [mapping] = columns.values()
    [value] = mapping.values()  # type: ignore[attr-defined]
    assert f"<td>{value}</td>" in staff.see(Listing, listing.pk)


@pytest.mark.parametrize(("language", "word"), [("de", "Wartet seit"), ("ja", "から待っています")])
def test_the_sentences_are_translated(
    staff: Staff, listing: Listing, language: str, word: str
) -> None:
    happen(listing, listing_state.held, {"quantity": 0}, code="", reason="Many.", at=NOON)
    with override_settings(LANGUAGE_CODE=language), translation.override(language):
        assert word in staff.see(Listing, listing.pk)
