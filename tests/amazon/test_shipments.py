"""Confirming shipments."""

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.shipments import confirm_shipment
from django_amazon_sync.data import PackageToConfirm
from django_amazon_sync.errors import Rejected, Unavailable

from .conftest import Reply, ScriptedServer

PACKAGE = PackageToConfirm(
    order_number="111-1234567-1234567",
    marketplace="ATVPDKIKX0DER",
    reference=1,
    carrier_code="Other",
    carrier_name="Bike courier",
    tracking="T 1",
    shipped_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    items=(("11", 2), ("12", 1)),
    shipping_method="Overnight",
)


def test_a_package_is_told_as_amazon_wants_it(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply(204, b""))
    confirm_shipment(client, PACKAGE)
    (seen,) = server.seen
    assert (seen.method, seen.path) == (
        "POST",
        "/orders/v0/orders/111-1234567-1234567/shipmentConfirmation",
    )
    assert json.loads(seen.body) == {
        "marketplaceId": "ATVPDKIKX0DER",
        "packageDetail": {
            "packageReferenceId": "1",
            "carrierCode": "Other",
            "carrierName": "Bike courier",
            "shippingMethod": "Overnight",
            "trackingNumber": "T 1",
            "shipDate": "2026-11-20T09:30:00Z",
            "orderItems": [
                {"orderItemId": "11", "quantity": 2},
                {"orderItemId": "12", "quantity": 1},
            ],
        },
    }


def test_a_known_carrier_needs_no_name(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply(204, b""))
    confirm_shipment(client, dataclasses.replace(PACKAGE, carrier_name="", shipping_method=""))
    detail = json.loads(server.seen[0].body)["packageDetail"]
    assert detail.keys().isdisjoint({"carrierName", "shippingMethod"})


def test_amazons_refusal_is_told_in_its_words(server: ScriptedServer, client: Client) -> None:
    said = "PackageToUpdateNotFound: the order is already fulfilled."
    server.answers(Reply.of(400, {"errors": [{"code": "InvalidInput", "message": said}]}))
    with pytest.raises(Rejected, match="PackageToUpdateNotFound"):
        confirm_shipment(client, PACKAGE)


@pytest.mark.parametrize("reply", [Reply(200, b""), Reply(500, b"")])
def test_an_odd_answer_leaves_the_outcome_open(
    server: ScriptedServer, client: Client, reply: Reply
) -> None:
    server.answers(reply)
    with pytest.raises(Unavailable) as caught:
        confirm_shipment(client, PACKAGE)
    assert caught.value.sent
