"""The page of a shipment: what Amazon refused is mended and goes again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_amazon_sync.models import Shipment, ShipmentState
from django_amazon_sync.testing.factories import ShipmentFactory
from tests.admin.conftest import TAKES_ALL, Staff
from tests.factories_amazon import LiveAccountFactory

pytestmark = pytest.mark.django_db


def test_a_refused_shipment_is_mended_and_goes_again(
    staff: Staff, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    shipment = ShipmentFactory.create(
        order__account=LiveAccountFactory.create(),
        state=ShipmentState.REFUSED,
        reason="Amazon does not know the carrier.",
    )
    page = staff.see(Shipment, shipment.pk)
    assert "Amazon does not know the carrier." in page
    assert "then send it again" in page
    response = staff.save(Shipment, shipment.pk, carrier="UPS", carrier_name="", tracking="1Z")
    assert response.status_code == 302
    [message] = staff.press(Shipment, "send_again", shipment)
    assert "1 shipment goes again. 1 run is queued." in message
    shipment.refresh_from_db()
    assert (shipment.state, shipment.carrier, shipment.reason) == (ShipmentState.NEW, "UPS", "")


def test_what_amazon_does_not_show_goes_again_or_is_taken_as_done(
    staff: Staff, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    account = LiveAccountFactory.create()
    again, done, new = (
        ShipmentFactory.create(order__account=account, state=state)
        for state in (ShipmentState.UNSEEN, ShipmentState.UNSEEN, ShipmentState.NEW)
    )
    assert "send it again, or take it as done" in staff.see(Shipment, again.pk)
    [message] = staff.press(Shipment, "send_again", again)
    assert "1 shipment goes again. 1 run is queued." in message
    [message] = staff.press(Shipment, "take_as_done", done, new)
    assert message == "1 shipment is taken as done."
    states = dict(Shipment.objects.values_list("pk", "state"))
    assert states == {
        again.pk: ShipmentState.NEW,
        done.pk: ShipmentState.DONE,
        new.pk: ShipmentState.NEW,
    }
    assert "Staff took it as done." in staff.see(Shipment, done.pk)


def test_what_amazon_has_is_not_changed(staff: Staff) -> None:
    shipment = ShipmentFactory.create(state=ShipmentState.CONFIRMED)
    staff.save(Shipment, shipment.pk, carrier="UPS", tracking="1Z")
    shipment.refresh_from_db()
    assert shipment.carrier == "DHL"
    [message] = staff.press(Shipment, "send_again", shipment)
    assert message == "0 shipments go again."


@pytest.mark.parametrize("state", ShipmentState.values)
def test_each_shipment_state_has_a_page(staff: Staff, state: str) -> None:
    shipment = ShipmentFactory.create(state=state)
    assert shipment.tracking in staff.see(Shipment, shipment.pk)
