"""Confirming shipments: the one operation of Orders API v0 that remains (ordersV0.json).

See docs/amazon.md#orders-v0-ends-in-2027.
"""

from __future__ import annotations

from urllib.parse import quote

from django_amazon_sync.amazon.client import Client, iso
from django_amazon_sync.data import JsonObject, PackageToConfirm


def confirm_shipment(client: Client, package: PackageToConfirm) -> None:
    """Tell Amazon of one package (confirmShipment); the same reference again edits that package.

    See docs/amazon.md#the-same-reference-edits-a-package. Amazon takes it and applies it later
    (docs/amazon.md#a-confirmation-works-later): the order's packages tell when.

    Raises Rejected with Amazon's words, for one where the order was already confirmed by hand;
    after Unavailable the outcome is open, and sending the same again is harmless.
    """
    path = f"/orders/v0/orders/{quote(package.order_number, safe='')}/shipmentConfirmation"
    body = {"marketplaceId": package.marketplace, "packageDetail": _detail(package)}
    client.call("confirmShipment", "POST", path, body=body, empty_status=204)


def _detail(package: PackageToConfirm) -> JsonObject:
    optional = {"carrierName": package.carrier_name, "shippingMethod": package.shipping_method}
    detail: JsonObject = {
        # docs/amazon.md#package-references-are-numeric-strings
        "packageReferenceId": str(package.reference),
        "carrierCode": package.carrier_code,
        "trackingNumber": package.tracking,
        "shipDate": iso(package.shipped_at),
        "orderItems": [
            {"orderItemId": item_id, "quantity": quantity} for item_id, quantity in package.items
        ],
    }
    return detail | {name: value for name, value in optional.items() if value}
