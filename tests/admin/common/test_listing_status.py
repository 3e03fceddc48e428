"""The status of a listing is true in every state: it promises what a run does, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from django_amazon_sync import clock
from django_amazon_sync.admin.common.listing_status import SENDING, Status, status_of
from django_amazon_sync.data import Money, Offer
from django_amazon_sync.models import (
    MERCHANT_CHANNEL,
    AccountState,
    Lack,
    Listing,
    Marketplace,
    Presence,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.sync.accounts import refusals
from tests.factories_amazon import FRANCE, GERMANY

pytestmark = pytest.mark.django_db  # rates are asked for where currencies differ

OFFER = Offer(
    pk="1", sku="MUG", title="A mug", price=Money(Decimal("12.90"), "EUR"), quantity=5,
    price_includes_tax=True,
)  # fmt: skip
DRIFT = {"price": {"live": "9.00 EUR", "ours": "12.90 EUR"}}

#: What a listing is in these tests unless a row says otherwise: on Amazon, in step, and sold.
SOLD: dict[str, Any] = {
    "account": {"state": AccountState.LIVE, "deployment": "tests", "synchronise_all": True},
    "marketplace": {},
    "sku": {"channel": MERCHANT_CHANNEL, "offer_pk": "1", "sold_here": True},
    "listing": {"presence": Presence.PRESENT, "believed": {"price": "12.90 EUR", "quantity": 5}},
    "offer": OFFER,
}


def a_listing(**changes: Any) -> tuple[Listing, Offer | None]:
    made = {
        part: {**columns, **changes.get(part, {})} if isinstance(columns, dict) else columns
        for part, columns in SOLD.items()
    }
    account = SellerAccount(name="Shop", **made["account"])
    setattr(account, refusals.KEPT_IN, changes.get("lacks", []))
    marketplace = Marketplace(account=account, code=GERMANY, **made["marketplace"])
    sku = SellerSku(account=account, sku="MUG", **made["sku"])
    return Listing(sku=sku, marketplace=marketplace, **made["listing"]), changes.get("offer", OFFER)


GONE = {"offer_pk": ""}
OFF = {"synchronise": False}
REFUSED = [Lack(part=Lack.Part.LISTINGS_OUT, marketplace=GERMANY, since=timezone.now())]
UNREAD = [Lack(part=Lack.Part.LISTINGS, marketplace=GERMANY, since=timezone.now())]
ELSEWHERE = [Lack(part=Lack.Part.LISTINGS, marketplace=FRANCE, since=timezone.now())]
EVERYWHERE = [Lack(part=Lack.Part.AUTHORISATION, since=timezone.now(), reason="Ask Amazon.")]
NO_QUANTITIES = {"sync_quantity": False}
ALL_OFF = {"sync_quantity": False, "sync_price": False, "sync_name": False}


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({}, Status.SENT, "What changes in the shop is sent."),
        ({"account": {"state": AccountState.OBSERVING}}, Status.OBSERVED, "only observes"),
        ({"account": {"state": AccountState.PAUSED}}, Status.PAUSED, "is paused"),
        ({"account": {"state": AccountState.DISCONNECTED}}, Status.DISCONNECTED, "disconnected"),
        ({"account": {"deployment": "other"}}, Status.ELSEWHERE, "deployment 'other'"),
        (
            {"marketplace": {"active": False}},
            Status.QUANTITY_ONLY, "Only the quantity is sent, as its store is switched off.",
        ),
        (
            {"marketplace": {"active": False}, "listing": {"held": {"price": "99 EUR"}}},
            Status.QUANTITY_ONLY, "Only the quantity",  # its price goes no more
        ),
        (
            {"marketplace": {"active": False}, "listing": {"held": {"quantity": 9}}},
            Status.HELD, "until you approve",
        ),
        ({"marketplace": {"active": False}, "sku": OFF}, Status.GOES_TO_ZERO, "to 0"),
        (
            {"marketplace": {"active": False, "sync_quantity": False}},
            Status.STORE_OFF, "Nothing is sent, as its store is switched off.",
        ),
        (
            {"marketplace": {"active": False}, "listing": {"presence": Presence.UNREAD}},
            Status.STORE_OFF, "Nothing is sent",
        ),
        (
            {"marketplace": {"active": False}, "listing": {"presence": Presence.ABSENT}},
            Status.STORE_OFF, "Nothing is sent",
        ),
        (
            {"marketplace": {"active": False}, "sku": {"sold_here": False}},
            Status.STORE_OFF, "Nothing is sent",
        ),
        ({"lacks": REFUSED}, Status.STORE_REFUSED, "Changing listings (www.amazon.de): Amazon has"),
        ({"lacks": EVERYWHERE}, Status.STORE_REFUSED, "until then nothing is sent here. Ask"),
        ({"lacks": ELSEWHERE}, Status.SENT, "What changes in the shop is sent."),
        ({"lacks": REFUSED, "sku": OFF}, Status.STORE_REFUSED, "nothing is sent here"),
        ({"lacks": UNREAD}, Status.STORE_REFUSED, "nothing but a quantity of 0 is sent here"),
        ({"lacks": UNREAD, "sku": OFF}, Status.GOES_TO_ZERO, "sets its quantity on Amazon to 0"),
        (
            {"lacks": REFUSED, "listing": {"refused": {"price": "99 EUR"}}},
            Status.STORE_REFUSED, "nothing is sent here",
        ),
        (
            {"lacks": REFUSED, "sku": OFF, "listing": {"believed": {"quantity": 0}}},
            Status.SHOWS_ZERO, "Amazon shows 0 of it",
        ),
        ({"listing": {"held": {"price": "99 EUR"}}}, Status.HELD, "until you approve"),
        ({"listing": {"refused": {"price": "99 EUR"}}}, Status.REFUSED, "Amazon refused"),
        (
            {"listing": {"refused": {"quantity": 3}, "again_at": timezone.now()}},
            Status.REFUSED_FOR_NOW, "tried again by itself on",
        ),
        ({"sku": OFF}, Status.GOES_TO_ZERO, "It is switched off. The next export sets"),
        (
            {"sku": OFF, "listing": {"believed": {"quantity": 0}}},
            Status.SHOWS_ZERO, "It is switched off. Amazon shows 0",
        ),
        (
            {"sku": OFF, "listing": {"held": {"price": "99 EUR"}}},  # its price goes no more
            Status.GOES_TO_ZERO, "sets its quantity on Amazon to 0",
        ),
        ({"sku": OFF, "listing": {"held": {"quantity": 0}}}, Status.HELD, "until you approve"),
        (
            {"sku": OFF, "listing": {"presence": Presence.UNREAD, "believed": {}}},
            Status.ZERO_UNREAD, "if it is there",
        ),
        ({"sku": {**OFF, "channel": ""}}, Status.ZERO_UNREAD, "It is read from Amazon first"),
        ({"sku": OFF, "listing": {"presence": Presence.ABSENT}}, Status.NOT_THERE, "not on Amazon"),
        ({"sku": {**OFF, "channel": "AMAZON_EU"}}, Status.STOCK_OF_AMAZON, "Amazon ships it"),
        ({"sku": OFF, "marketplace": NO_QUANTITIES}, Status.STAYS_ON_SALE, "stays on sale"),
        ({"sku": {**OFF, "sold_here": False}}, Status.NEVER_OURS, "never sold from here"),
        ({"sku": GONE, "offer": None}, Status.GOES_TO_ZERO, "linked to no product of the shop."),
        ({"offer": None}, Status.LOOKED_FOR_AGAIN, "The shop does not have its product."),
        (
            {"offer": replace(OFFER, on_sale=False)},
            Status.GOES_TO_ZERO, "It is not on sale in the shop. The next export",
        ),
        ({"listing": {"end_offer": True}}, Status.ENDING, "is being ended"),
        ({"listing": {"end_offer": True}, "sku": OFF}, Status.ENDING, "its quantity goes on"),
        (
            {"listing": {"end_offer": True}, "marketplace": {"active": False}},
            Status.ENDING, "is being ended",
        ),
        ({"listing": {"end_offer": True}, "lacks": REFUSED}, Status.STORE_REFUSED, "has refused"),
        (
            {"listing": {"end_offer": True, "refused": {"price": ""}}},
            Status.REFUSED, "when you export this SKU",
        ),
        (
            {"listing": {"end_offer": True, "presence": Presence.ENDED}},
            Status.ENDED, "nothing is sent until it is offered again",
        ),
        (
            {
                "listing": {"end_offer": True, "presence": Presence.ENDED},
                "marketplace": {"active": False},
            },
            Status.ENDED, "is ended",
        ),
        ({"listing": {"presence": Presence.ENDED}}, Status.UNREAD, "reads it from Amazon"),
        ({"listing": {"synchronise_here": False}}, Status.QUANTITY_ONLY, "Only the quantity"),
        (
            {"listing": {"synchronise_here": False}, "marketplace": NO_QUANTITIES},
            Status.NOTHING_HERE, "Nothing is sent",
        ),
        (
            {"listing": {"synchronise_here": False, "presence": Presence.ABSENT}},
            Status.NOTHING_HERE, "Nothing is sent",
        ),
        (
            {"listing": {"drift": DRIFT}, "marketplace": {"amazon_wins": ["price"]}},
            Status.AMAZON_WINS, "Amazon wins",
        ),
        ({"listing": {"drift": DRIFT}}, Status.MENDED, "the next export mends it"),
        ({"listing": {"presence": Presence.UNREAD}}, Status.UNREAD, "reads it from Amazon"),
        ({"listing": {"presence": Presence.ABSENT}}, Status.CREATED, "creates it"),
        (
            {"listing": {"presence": Presence.ABSENT}, "sku": {"channel": "AMAZON_EU"}},
            Status.NOT_THERE, "nothing is sent",
        ),
        (
            {"listing": {"presence": Presence.ABSENT}, "offer": replace(OFFER, price=None)},
            Status.STUCK, "Nothing can be sent. ",
        ),
        ({"offer": replace(OFFER, price=None)}, Status.SENT_IN_PART, "is sent, save for this: "),
        ({"marketplace": ALL_OFF}, Status.ALL_OFF, "all its fields are switched off"),
    ],
)  # fmt: skip
def test_a_state_has_its_status(changes: dict[str, Any], status: Status, words: str) -> None:
    found = status_of(*a_listing(**changes))
    assert found.status == status
    assert words in str(found.sentence)


def test_every_status_is_met_above() -> None:
    mark: Any = getattr(test_a_state_has_its_status, "pytestmark")  # noqa: B009
    met = {row[1] for row in mark[0].args[1]}
    assert met == set(Status)


def every_state() -> Iterator[dict[str, Any]]:
    """Each combination of what a status depends on."""
    for state, active, off, here, channel, ours, quantity, presence, offer, ends in product(
        (AccountState.LIVE, AccountState.OBSERVING), (True, False), (None, False), (None, False),
        ("", MERCHANT_CHANNEL, "AMAZON_EU"), (True, False), (True, False), Presence,
        (OFFER, replace(OFFER, on_sale=False), replace(OFFER, price=None), None),
        (False, True),
    ):  # fmt: skip
        yield {
            "account": {"state": state},
            "marketplace": {"active": active, "sync_quantity": quantity},
            "sku": {
                "synchronise": off, "channel": channel, "sold_here": ours,
                "gone_since": clock.now(),
            },
            "listing": {"presence": presence, "synchronise_here": here, "end_offer": ends},
            "offer": offer,
        }  # fmt: skip


def test_no_status_promises_what_no_run_does() -> None:
    """Held against what should be at Amazon, as a run computes it."""
    for changes in every_state():
        found = status_of(*a_listing(**changes))
        listing, want = found.listing, found.want
        sold = listing.sku.sold_here and listing.presence == Presence.PRESENT
        ours = want.values.keys() & {"quantity", "price"}
        keeps = listing.marketplace.active or (sold and ours)
        unread = listing.presence in ("unread", "ended")
        writes = listing.sku.account.writes_from("tests") and keeps
        if not writes or not (want.values or want.problems or unread):
            assert found.status not in SENDING or found.status == Status.ZERO_UNREAD, changes
        if not writes:
            assert found.status not in SENDING, changes
        if found.status == Status.GOES_TO_ZERO:
            assert want.values == {"quantity": 0}, changes
        if found.status in (Status.SENT, Status.SENT_IN_PART):
            assert want.values, changes
            assert listing.presence == Presence.PRESENT, changes
        assert str(found.sentence).endswith("."), changes
