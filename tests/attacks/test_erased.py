"""What would erase a buyer who is needed, or bring one back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import AmazonOrder, Erasure, SellerAccount
from django_amazon_sync.shops.oscar import OscarShop
from django_amazon_sync.sync.privacy import erase
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    SellerAccountFactory,
    ShipmentFactory,
)
from tests.attacks.steps import Era
from tests.world import shop_order

pytestmark = pytest.mark.django_db

PERSON: dict[str, Any] = {
    "buyer": {"buyerName": "Zebulon Quill", "buyerEmail": "zeb@buyers.example"},
    "address": {
        "name": "Ottoline Quill", "addressLine1": "17 Gooseneck Mews", "postalCode": "QX9 7ZZ",
        "city": "Pelican", "countryCode": "GB", "phone": "+44 113 555 9753",
    },
}  # fmt: skip


@pytest.fixture
def account() -> SellerAccount:
    return SellerAccountFactory.create()


@pytest.mark.parametrize("promised", [40, None])
def test_what_was_shipped_late_is_no_sooner_due_than_what_was_shipped_in_time(
    account: SellerAccount, promised: int | None
) -> None:
    """A delivery that was promised for 40 days ago was not, of a parcel that left yesterday."""
    long_ago = clock.now() - timedelta(days=50)
    order = AmazonOrderFactory.create(
        account=account,
        status="SHIPPED",
        state="recorded",
        ordered_at=long_ago,
        deliver_by=promised and clock.now() - timedelta(days=promised),
    )
    parcel = ShipmentFactory.create(order=order, shipped_at=clock.now() - timedelta(days=1))
    erase.allow(account, "clerk")
    erase.erase_due()
    assert AmazonOrder.objects.get().erased_at is None
    type(parcel).objects.update(shipped_at=clock.now() - timedelta(days=31))
    erase.erase_due()
    assert AmazonOrder.objects.get().erased_at is not None


@pytest.mark.parametrize("moment", ["before the search", "after it"])
@pytest.mark.parametrize("change", ["cancelled", "refunded", "delivered"])
def test_what_amazon_changes_of_an_erased_order_reaches_the_shop_and_names_nobody(
    era: Era, change: str, moment: str
) -> None:
    world = era.world
    world.sell("MUG", price="10.00", quantity=9)
    number = world.buy("MUG", 2, **PERSON)
    era.minutes(5)
    world.import_orders()
    AmazonOrder.objects.update(status="SHIPPED")
    assert erase.erase_orders(world.account, [number], by="clerk") is not None
    era.minutes(5)
    if change == "cancelled":
        world.amazon.cancel(number)
    elif change == "delivered":
        world.amazon.ship_by_hand(number)
    else:
        [item] = world.amazon.order(number)["orderItems"]
        world.amazon.set_order(number, orderItems=[{**item, "quantityOrdered": 1}])
    era.minutes(5)
    if moment == "after it":
        world.import_orders()
    world.import_orders(order=number)
    row = AmazonOrder.objects.get()
    assert row.reason == ""
    assert row.told_at == row.updated_at
    order = shop_order(number)
    said = str([vars(one) for one in (order, order.shipping_address, *order.notes.all())])
    assert not {"Zebulon", "Quill", "Gooseneck", "9753"} & set(re.findall(r"\w+", said))
    if change == "cancelled":
        assert world.in_stock("MUG") == 9


class Killed(BaseException):
    """The worker dies."""


def test_a_worker_that_dies_leaves_evidence_of_what_it_erased(
    era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = era.world.account
    rows = [
        AmazonOrderFactory.create(account=account, status="SHIPPED", state="recorded")
        for _each in range(3)
    ]
    placed = AmazonOrderFactory.create(
        account=account, status="SHIPPED", state="placed", shop_order_pk="1"
    )

    def dies(_shop: OscarShop, _pk: str) -> None:
        raise Killed

    monkeypatch.setattr(OscarShop, "anonymise", dies)
    with pytest.raises(Killed):
        erase.erase_orders(account, [row.number for row in [*rows, placed]], by="clerk")
    assert AmazonOrder.objects.filter(erased_at=None).count() == 1
    evidence = Erasure.objects.get()
    assert (evidence.by, evidence.counts["orders"]) == ("clerk", 3)
    assert evidence.orders == [row.number for row in rows]
