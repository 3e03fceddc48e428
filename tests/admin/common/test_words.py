"""Any value that a row keeps is shown in words."""

from __future__ import annotations

import pytest

from django_amazon_sync.admin.common.words import words
from tests.factories_amazon import GERMANY


@pytest.mark.parametrize(
    ("value", "name", "shown"),
    [
        (None, "", ""),
        (0, "", "0"),
        (True, "", "yes"),
        ("ü", "", "ü"),
        ([], "", ""),
        ({}, "", ""),
        ({"price": "1 EUR", "quantity": None}, "", "price: 1 EUR, quantity: "),
        ({"skus": ["A", "B"]}, "", "SKUs: A, B"),
        ({"marketplaces": [GERMANY, "X"]}, "", "stores: Amazon.de, X"),
        ({"fields": ["price", "no_such"]}, "", "fields: price, no such"),
        ({"shop": "1 EUR", "amazon": 2}, "", "in the shop: 1 EUR, on Amazon: 2"),
        (list(range(22)), "", f"{', '.join(map(str, range(20)))}, and 2 more"),
    ],
)
def test_words(value: object, name: str, shown: str) -> None:
    assert words(value, name) == shown
