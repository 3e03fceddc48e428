"""The list of alarms: what staff were told of, and whether it still wants somebody."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from django_amazon_sync.admin.settings.alarms import named
from django_amazon_sync.models import Alarm
from django_amazon_sync.testing.factories import ShipmentFactory
from tests.admin.conftest import Staff, address
from tests.factories_amazon import (
    GERMANY,
    ORDERED,
    AlarmFactory,
    ListingInStepFactory,
    LiveAccountFactory,
)

pytestmark = pytest.mark.django_db


def test_what_is_not_mended_is_told_apart(staff: Staff) -> None:
    account = LiveAccountFactory.create()
    AlarmFactory.create(account=account, key="open-drift")
    AlarmFactory.create(
        account=account, kind=Alarm.Kind.SECRET, key="mended-secret", mended_at=ORDERED
    )
    shown = {
        mended: [key for key in ("open-drift", "mended-secret") if key in page]
        for mended in ("", "no", "yes", "perhaps")
        for page in [staff.see(Alarm, **({"mended": mended} if mended else {}))]
    }
    assert shown == {
        "": ["open-drift", "mended-secret"],
        "no": ["open-drift"],
        "yes": ["mended-secret"],
        "perhaps": ["open-drift", "mended-secret"],
    }


def test_an_alarm_leads_to_what_is_to_be_done_and_is_not_changed(staff: Staff) -> None:
    alarm = AlarmFactory.create(account=LiveAccountFactory.create())
    page = staff.see(Alarm, alarm.pk)
    assert "/help/alarms/" in page
    assert 'name="_save"' not in page
    assert staff.client.get(address(Alarm, "add")).status_code == 403


def test_an_alarm_names_what_it_is_about(
    staff: Staff, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    """Not by the number of a row, nor by a word of the program; in as many queries for all."""
    listing = ListingInStepFactory.create(sku__sku="MUG-BLUE")
    account = listing.sku.account
    shipment = ShipmentFactory.create(order__account=account, order__number="302-7-1")
    for kind, key in (
        (Alarm.Kind.REFUSED, str(listing.pk)),
        (Alarm.Kind.SHIPMENT_REFUSED, str(shipment.pk)),
        (Alarm.Kind.AUTHORISE, f"orders {GERMANY}"),
        (Alarm.Kind.STOPPING, "export"),
        (Alarm.Kind.DRIFT, "99999"),  # it is gone
        (Alarm.Kind.DRIFT, "9" * 40),
    ):
        AlarmFactory.create(account=account, kind=kind, key=key)
    page = staff.see(Alarm)
    assert f'<a href="{address(type(listing), listing.pk)}">MUG-BLUE</a>' in page
    for words in (">302-7-1</a>", "Orders, Amazon.de", "Export to Amazon", "99999"):
        assert words in page, words
    assert ">orders A1PA" not in page
    assert "MUG-BLUE" in staff.see(Alarm, Alarm.objects.get(kind=Alarm.Kind.REFUSED).pk)
    few = list(Alarm.objects.filter(kind__in=("refused", "shipment_refused")))
    with django_assert_num_queries(2):
        named(few * 10)
