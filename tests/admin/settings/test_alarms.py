"""The list of alarms: what staff were told of, and whether it still wants somebody."""

from __future__ import annotations

import pytest

from django_amazon_sync.models import Alarm
from tests.admin.conftest import Staff, address
from tests.factories_amazon import ORDERED, AlarmFactory, LiveAccountFactory

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
