"""The one writer of listings' states: rows and set-based changes do what the pure events say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_amazon_sync.models import Listing
from django_amazon_sync.models.listings import STATE
from django_amazon_sync.rules import listing_state
from django_amazon_sync.rules.decision import Act, Decision
from django_amazon_sync.rules.listing_state import ListingState
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.offers.desired import Desired
from tests.examples import examples
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory
from tests.one_owner import NotTheOwner, states_written
from tests.rules.states import EVENTS, NOON, happen

pytestmark = pytest.mark.django_db

MUCH = Decision(Act.HOLD, "Too much.", "approval", "prices")


@pytest.fixture
def listing(db: None) -> Listing:
    account = LiveAccountFactory.create()
    return ListingInStepFactory.create(marketplace__account=account)


def stored(listing: Listing) -> dict[str, Any]:
    row = Listing.objects.get(pk=listing.pk)
    return {name: getattr(row, name) for name in STATE}


@given(st.lists(EVENTS, max_size=8))
@settings(max_examples=examples(30), suppress_health_check=list(HealthCheck), deadline=None)
def test_rows_go_where_the_pure_state_goes(listing: Listing, events: list[Any]) -> None:
    pure = ListingState()
    Listing.objects.filter(pk=listing.pk).update(**{name: getattr(pure, name) for name in STATE})
    for number, event in enumerate(events):
        at = NOON + timedelta(minutes=7 * number)
        happen(pure, event, at)
        with state.changing([listing.pk]) as rows:
            happen(rows[listing.pk], event, at)
    assert stored(listing) == {name: getattr(pure, name) for name in STATE}


def test_only_what_is_still_so_is_approved_and_the_others_are_named(listing: Listing) -> None:
    other = ListingInStepFactory.create(marketplace=listing.marketplace)
    for pk in (listing.pk, other.pk):
        state.hold({pk: {"price": ("14.00 EUR", MUCH), "quantity": (0, MUCH)}})
    state.hold({other.pk: {"price": ("0.14 EUR", MUCH)}})
    seen: dict[str, Any] = {"price": "14.00 EUR", "quantity": 0}
    assert state.approve({listing.pk: seen, other.pk: seen}, by="ann") == (2, [other.pk])
    assert stored(listing)["approved"] == seen
    assert stored(other)["approved"] == {"quantity": 0}
    assert stored(other)["held"] == {"price": "0.14 EUR"}
    assert stored(listing)["approvals"]["price"]["by"] == "ann"


def test_a_hold_ends_with_its_value(listing: Listing) -> None:
    state.hold({listing.pk: {"quantity": (0, MUCH)}})
    state.desired_is({listing.pk: Desired({"quantity": 0})})
    assert stored(listing)["held"] == {"quantity": 0}
    state.desired_is({listing.pk: Desired({"quantity": 5})})
    assert (stored(listing)["held"], stored(listing)["stops"]) == ({}, {})


def test_after_a_restored_backup_nothing_is_believed_and_prices_are_remembered(
    listing: Listing,
) -> None:
    other = ListingInStepFactory.create(marketplace=listing.marketplace)
    price = listing.believed["price"]
    assert state.restored(listing.sku.account) == 2
    for row in (listing, other):
        assert stored(row)["believed"] == {}
        assert listing_state.last_price(Listing.objects.get(pk=row.pk)) == price


def test_nobody_else_writes_a_state(listing: Listing) -> None:
    """The watch that stands over every test sees a module of the package that does."""
    from django_amazon_sync.sync.runs import bulk

    source = "def write(rows):\n    rows.update(drift={})\n"
    module = compile(source, str(bulk.__file__).replace("runs/bulk.py", "queue.py"), "exec")
    names: dict[str, Any] = {}
    exec(module, names)
    with pytest.raises(NotTheOwner, match=r"sync/queue\.py writes \['drift'\]"):
        names["write"](Listing.objects.all())


T = "django_amazon_sync_listing"


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        (f'UPDATE "{T}" SET "title" = %s, "held" = %s WHERE "{T}"."id" = 1', {"held"}),
        (f"update {T} as l set reason=given.reason, title = 'x' from given", {"reason"}),
        (
            f"WITH given AS (SELECT 1) INSERT INTO {T} AS l (sku_id, drift) SELECT 1, 2 "
            "ON CONFLICT (sku_id) DO UPDATE SET presence = excluded.presence, "
            "believed = CASE WHEN l.read_at = 1 THEN excluded.believed ELSE l.believed END",
            {"believed"},
        ),
        (f'UPDATE "{T}" SET "title" = %s WHERE "{T}"."held" = %s', set()),
        (f'INSERT INTO "{T}" ("held", "drift") VALUES (%s, %s)', set()),
        (f'SELECT "{T}"."held" FROM "{T}" WHERE "{T}"."held" = %s FOR UPDATE', set()),
        (f'UPDATE "{T}s" SET "held" = %s', set()),
    ],
)
def test_the_watch_reads_what_a_statement_changes(statement: str, columns: set[str]) -> None:
    assert states_written(statement) == columns
