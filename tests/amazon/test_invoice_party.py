"""What an invoice names of an order's document, and nothing more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.invoice_party import invoice_party
from tests.amazon.conftest import PERSONAL


def test_buyer_recipient_and_the_buyers_tax_number_are_named() -> None:
    party = invoice_party(PERSONAL)
    assert party == {
        "buyer": {"buyerName": "Zebulon Quill"},
        "recipient": {
            "name": "Ottoline Quill", "addressLine1": "17 Gooseneck Mews", "city": "Pelican",
            "postalCode": "QX9 7ZZ", "countryCode": "GB",
        },
        "taxRegistrations": [
            {"legalName": "Quill Ltd", "taxRegistrationType": "VAT",
             "taxRegistrationNumber": "GBQUILL1"},
        ],
    }  # fmt: skip


def test_neither_mail_nor_phone_nor_what_was_written_is_kept() -> None:
    kept = json.dumps(invoice_party(PERSONAL))
    written = ("buyers.example", "555", "Ring", "Zeb 1", "DE123")
    assert not [word for word in written if word in kept]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"recipient": {"deliveryAddress": {"countryCode": "GB"}}},
        {"buyer": "Zebulon", "recipient": ["x"], "tax": {"taxRegistrations": "VAT"}},
        {"tax": {"taxRegistrations": [{"entityType": "MERCHANT", "legalName": "Shop"}]}},
    ],
)
def test_whoever_is_not_named_is_not_kept(document: dict[str, Any]) -> None:
    assert invoice_party(document) == {}


def test_the_address_and_office_of_a_registration_are_named() -> None:
    registration: dict[str, Any] = {
        "entityType": "BUYER",
        "taxRegistrationAddress": {"city": "Pelican", "phone": "+44"},
        "taxRegistrationAttributes": [{"key": "TAX_OFFICE", "value": "North"}, 7],
    }
    party = invoice_party({"tax": {"taxRegistrations": [registration]}})
    assert party["taxRegistrations"] == [
        {
            "taxRegistrationAddress": {"city": "Pelican"},
            "taxRegistrationAttributes": [{"key": "TAX_OFFICE", "value": "North"}],
        }
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(buyer=JSON, recipient=JSON, tax=JSON)
def test_whatever_stands_there_is_read(buyer: Any, recipient: Any, tax: Any) -> None:
    document = {"buyer": buyer, "recipient": recipient, "tax": {"taxRegistrations": tax}}
    json.dumps(invoice_party(document))
