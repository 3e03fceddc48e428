"""An order's document without the people in it: what is kept once a buyer's data is erased.

Only what is named here stays, so that whatever Amazon adds one day goes with the rest. What stays
reads as before: number, times, status, lines, amounts, taxes, parcels, and the country.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, Union

from django_amazon_sync.amazon.reading import moment, number_in, obj, objs, text
from django_amazon_sync.data import Json, JsonObject

Keep: TypeAlias = Callable[[Json], Json]
Parts: TypeAlias = Mapping[str, Union[Keep, "Parts"]]

#: Whose tax numbers say nothing of the buyer.
OURS = ("MERCHANT", "MARKETPLACE")


# --- What may stay of a value; None where nothing may ---------------------------------------------


def _word(value: Json) -> Json:
    """Amazon's codes and ids, and the seller's own words."""
    if isinstance(value, list):
        return [part for part in value if isinstance(part, str | int | float)]
    return value if isinstance(value, str | int | float) else None


def _number(value: Json) -> Json:
    """A number; where a word stands in its place it stays unreadable, without the word."""
    if value is None or number_in(value) is not None:
        return value
    return "unreadable"


def _time(value: Json) -> Json:
    return value if moment(value) is not None else None


def _fact(value: Json) -> Json:
    """That there is something; why, a buyer may have written."""
    return True if value else None


def _country(value: Json) -> Json:
    return value if len(text(value)) == 2 else None


# --- What is named, as orders_2026-01-01.json has it ----------------------------------------------

_MONEY: Parts = {"amount": _number, "currencyCode": _word}
_WINDOW: Parts = {"earliestDateTime": _time, "latestDateTime": _time}

_ITEM: Parts = {
    "orderItemId": _word,
    "quantityOrdered": _number,
    "measurement": {"unit": _word, "value": _number},
    "programs": _word,
    "product": {
        "asin": _word,
        "title": _word,
        "sellerSku": _word,
        "condition": {"conditionType": _word, "conditionSubtype": _word, "conditionNote": _word},
        "price": {"unitPrice": _MONEY, "priceDesignation": _word},
    },
    "proceeds": {
        "proceedsTotal": _MONEY,
        "breakdowns": {
            "type": _word,
            "subtotal": _MONEY,
            "detailedBreakdowns": {"subtype": _word, "value": _MONEY},
        },
    },
    "promotion": {"breakdowns": {"promotionId": _word}},
    "cancellation": {"cancellationRequest": _fact, "cancellationExecution": _fact},
    "fulfillment": {
        "quantityFulfilled": _number,
        "quantityUnfulfilled": _number,
        "packing": {
            "giftOption": {"giftWrapLevel": _word},
            "serialNumberRequirement": {"requirementType": _word},
        },
        "shipping": {
            "shippingConstraints": {
                "palletDelivery": _word,
                "cashOnDelivery": _word,
                "signatureConfirmation": _word,
                "recipientIdentityVerification": _word,
                "recipientAgeVerification": _word,
            },
            "internationalShipping": {"iossNumber": _word},
        },
    },
    "tax": {
        "taxCalculationBreakdowns": {"reportingScheme": _word},
        "taxCollections": {"model": _word, "responsibleParty": _word},
    },
}

_ORDER: Parts = {
    "orderId": _word,
    "createdTime": _time,
    "lastUpdatedTime": _time,
    "programs": _word,
    "associatedOrders": {"orderId": _word, "associationType": _word},
    "salesChannel": {"channelName": _word, "marketplaceId": _word, "marketplaceName": _word},
    "recipient": {"deliveryAddress": {"countryCode": _country}},
    "proceeds": {
        "grandTotal": _MONEY,
        "breakdowns": {"type": _word, "status": _word, "subtotal": _MONEY},
    },
    "payment": {"paymentExecutions": {"paymentMethod": _word, "paymentAmount": _MONEY}},
    "fulfillment": {
        "fulfillmentStatus": _word,
        "fulfilledBy": _word,
        "fulfillmentServiceLevel": _word,
        "shipByWindow": _WINDOW,
        "deliverByWindow": _WINDOW,
    },
    "orderItems": _ITEM,
    "packages": {
        "packageReferenceId": _word,
        "createdTime": _time,
        "packageStatus": {"status": _word, "detailedStatus": _word},
        "carrier": _word,
        "shipTime": _time,
        "shippingService": _word,
        "trackingNumber": _word,
        "packageItems": {"orderItemId": _word, "quantity": _number},
    },
    "fulfillmentOrders": {"fulfillmentOrderId": _word},
}


def without_people(document: JsonObject) -> JsonObject:
    """The document with nothing of a buyer or recipient but the country.

    What could not be read still cannot: nothing is dropped that an order must have.
    """
    kept = _parts(document, _ORDER)
    if registrations := _registrations(document):
        kept["tax"] = {"taxRegistrations": registrations}
    return kept


def _parts(given: JsonObject, named: Parts) -> JsonObject:
    found = {name: _part(given[name], keep) for name, keep in named.items() if name in given}
    return {name: part for name, part in found.items() if part is not None}


def _part(value: Json, keep: Keep | Parts) -> Json:
    """What stays of a value; of one that is no object where one should be, an empty object."""
    if callable(keep):
        return keep(value)
    if isinstance(value, list):
        return [_parts(part, keep) if isinstance(part, dict) else None for part in value]
    return None if value is None else _parts(obj(value), keep)


def _registrations(document: JsonObject) -> list[Json]:
    """The tax numbers of the seller and of Amazon."""
    numbers: Parts = {
        "entityType": _word,
        "taxRegistrationType": _word,
        "taxRegistrationNumber": _word,
    }
    given = objs(obj(document.get("tax")).get("taxRegistrations"))
    return [_parts(one, numbers) for one in given if text(one.get("entityType")) in OURS]
