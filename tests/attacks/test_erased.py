"""What would erase a buyer who is needed, or bring one back."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model
from oscar.test.factories import create_order

from django_amazon_sync import clock
from django_amazon_sync.models import AmazonOrder, Erasure, PersonalDataView, SellerAccount
from django_amazon_sync.shops.oscar import OscarShop
from django_amazon_sync.shops.oscar.shipments import read_note
from django_amazon_sync.sync.privacy import erase
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    SellerAccountFactory,
    ShipmentFactory,
)
from tests.attacks.steps import Era
from tests.factories import shipping_event
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


# --- In the shop ----------------------------------------------------------------------------------


def sold_to_a_person(era: Era, **how: Any) -> str:
    """An order that Amazon shows as shipped."""
    world = era.world
    number = world.buy("MUG", 1, **{**PERSON, **how})
    era.minutes(5)
    world.import_orders()
    AmazonOrder.objects.filter(number=number).update(status="SHIPPED")
    return number


def erase_one(era: Era, number: str) -> None:
    assert erase.erase_orders(era.world.account, [number], by="clerk") is not None


@pytest.mark.parametrize("who", ["staff", "customer", "guest", "another order of Amazon's"])
def test_mails_of_others_with_the_buyers_address_stay(era: Era, who: str) -> None:
    """The shop knew the address before; Amazon's order is a guest's in any case."""
    emails, users = get_model("communication", "Email").objects, get_user_model().objects
    era.world.sell("MUG", quantity=9)
    address, user = PERSON["buyer"]["buyerEmail"], None
    if who in ("staff", "customer"):
        user = users.create_user("zeb", address, "secret", is_staff=who == "staff")
    elif who == "guest":
        create_order(number="100200", guest_email=address, user=None)
    number = sold_to_a_person(era)
    other = sold_to_a_person(era) if who == "another order of Amazon's" else "100200"
    about = emails.create(email=address, subject=f"Your order {number}", body_text="Zebulon")
    kept = emails.create(user=user, email=address, subject=f"Your order {other}", body_text="Zeb")
    erase_one(era, number)
    assert list(emails.all()) == [kept]
    assert about != kept


def test_the_last_order_of_a_guest_takes_all_mails_along(era: Era) -> None:
    emails = get_model("communication", "Email").objects
    era.world.sell("MUG", quantity=9)
    numbers = [sold_to_a_person(era), sold_to_a_person(era)]
    emails.create(email="Zeb@buyers.example", subject="Dear Zebulon", body_text="")
    for left, number in zip((1, 0), numbers, strict=True):
        erase_one(era, number)
        assert emails.count() == left


def test_what_the_admin_remembers_names_nobody(era: Era, admin_user: Any) -> None:
    era.world.sell("MUG", quantity=9)
    number = sold_to_a_person(era)
    order = shop_order(number)
    note = order.notes.create(note_type="Info", message="Ottoline Quill rang", user=admin_user)
    inline = {"name": "shipping address", "object": "Ottoline Quill", "fields": ["Notes"]}
    for row in (order, note, order.shipping_address, order.billing_address):
        LogEntry.objects.log_actions(
            admin_user.pk, [row], CHANGE, change_message=json.dumps([{"changed": inline}])
        )
    LogEntry.objects.log_actions(admin_user.pk, [order], CHANGE, change_message="Rang Mrs Quill")
    other = LogEntry.objects.log_actions(admin_user.pk, [admin_user], CHANGE)
    assert "Gooseneck" in str(LogEntry.objects.values_list("object_repr"))
    erase_one(era, number)
    assert not re.search("Quill|Gooseneck|QX9", str(list(LogEntry.objects.values())))
    assert LogEntry.objects.filter(object_repr="admin").exists(), other
    for entry in LogEntry.objects.all():
        assert "Quill" not in entry.get_change_message()


@pytest.mark.parametrize(
    ("note", "left"),
    [
        ("JD014600", "JD014600"),
        ("Carrier: DHL / Tracking: JD01", "Carrier: DHL / Tracking: JD01"),
        ("Carrier: DHL\nTracking: JD01\nleft with Mrs Quill", "Carrier: DHL / Tracking: JD01"),
        ("left with Mrs Quill of 17 Gooseneck Mews", ""),
    ],
)
def test_a_note_at_a_parcel_keeps_carrier_and_number_alone(era: Era, note: str, left: str) -> None:
    era.world.sell("MUG", quantity=9)
    number = sold_to_a_person(era)
    item = era.world.amazon.order(number)["orderItems"][0]["orderItemId"]
    event = shipping_event(str(shop_order(number).pk), {item: 1}, note)
    before = read_note(event.notes)
    erase_one(era, number)
    event.refresh_from_db()
    assert (event.notes, read_note(event.notes)) == (left, before)


# --- Who saw them ---------------------------------------------------------------------------------


def seen_in(client: Client, name: str, **kwargs: str) -> list[tuple[str, str]]:
    """Whose rows a page of the dashboard left."""
    PersonalDataView.objects.all().delete()
    assert client.get(reverse(f"dashboard:{name}", kwargs=kwargs)).status_code == 200
    return list(PersonalDataView.objects.order_by("pk").values_list("order_number", "by"))


def test_the_dashboards_pages_of_orders_leave_who_saw_whom(era: Era, admin_client: Client) -> None:
    era.world.sell("MUG", quantity=9)
    number, erased = sold_to_a_person(era), sold_to_a_person(era)
    erase_one(era, erased)
    create_order(number="100200")
    saw = [(number, "admin")]
    assert seen_in(admin_client, "order-list") == saw
    assert seen_in(admin_client, "order-detail", number=number) == saw
    assert seen_in(admin_client, "order-shipping-address", number=number) == saw
