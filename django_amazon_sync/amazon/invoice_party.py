"""Whom an order's document says that it was sold to, as an invoice names them.

What tax law may want to be kept once the rest of the buyer is erased; no more than that. Where the
seller collects the tax, the party to the invoice is the buyer; Amazon gives a buyer's address only
with a tax registration, so that the recipient's stands for it.
"""

from __future__ import annotations

from django_amazon_sync.amazon.reading import obj, objs, text
from django_amazon_sync.data import JsonObject

#: Names of orders_2026-01-01.json (CustomerAddress) that an invoice has; none of them is a phone.
_ADDRESS = (
    "name",
    "companyName",
    "addressLine1",
    "addressLine2",
    "addressLine3",
    "municipality",
    "districtOrCounty",
    "city",
    "stateOrRegion",
    "postalCode",
    "countryCode",
)

_BUYER = ("buyerName", "buyerCompanyName", "buyerPurchaseOrderNumber")

_REGISTRATION = ("legalName", "taxRegistrationType", "taxRegistrationNumber")


def invoice_party(document: JsonObject) -> JsonObject:
    """Buyer, recipient and the buyer's tax registrations, with Amazon's names; empty where the
    document names nobody. Neither e-mail nor phone, nor anything that was written for the parcel.
    """
    buyer = _texts(obj(document.get("buyer")), _BUYER)
    recipient = _texts(obj(obj(document.get("recipient")).get("deliveryAddress")), _ADDRESS)
    given = objs(obj(document.get("tax")).get("taxRegistrations"))
    registrations = [_registration(one) for one in given if text(one.get("entityType")) == "BUYER"]
    if not (buyer or registrations or set(recipient) - {"countryCode"}):
        return {}
    return {"buyer": buyer, "recipient": recipient, "taxRegistrations": [*registrations]}


def _registration(given: JsonObject) -> JsonObject:
    found = _texts(given, _REGISTRATION)
    address = _texts(obj(given.get("taxRegistrationAddress")), _ADDRESS)
    if address:
        found["taxRegistrationAddress"] = address
    given_attributes = objs(given.get("taxRegistrationAttributes"))
    if attributes := [_texts(one, ("key", "value")) for one in given_attributes]:
        found["taxRegistrationAttributes"] = [*attributes]
    return found


def _texts(given: JsonObject, names: tuple[str, ...]) -> JsonObject:
    return {name: said for name in names if (said := text(given.get(name)))}
