"""Equal codes are equal texts, whatever they are called; a wrong check digit is no code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean

from django_amazon_sync.rules.barcodes import gtin


@pytest.mark.parametrize(
    ("code", "in_14"),
    [
        ("4006381333931", "04006381333931"),
        ("036000291452", "00036000291452"),
        ("0036000291452", "00036000291452"),
        ("96385074", "00000096385074"),
        ("0-306-40615-2", "09780306406157"),
        ("978-0-306-40615-7", "09780306406157"),
        ("14006381333938", "14006381333938"),
    ],
    ids=["EAN", "UPC", "UPC as EAN", "EAN-8", "ISBN-10", "ISBN-13", "GTIN-14"],
)
def test_a_code_of_each_kind_has_one_form(code: str, in_14: str) -> None:
    assert gtin(code) == in_14


@pytest.mark.parametrize(
    "code", ["", "4006381333932", "0-306-40615-3", "12", "MUG-BLUE", "B0MUG", "030640615\n2"]
)
def test_what_is_no_code_has_none(code: str) -> None:
    assert gtin(code) == ""


@given(st.text(max_size=20))
def test_any_text_is_a_code_of_14_digits_or_none(code: str) -> None:
    found = gtin(code)
    assert found == "" or (len(found) == 14 and ean.is_valid(found))
    assert gtin(found) == found
