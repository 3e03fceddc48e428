"""Codes that people type are kept in one form, or refused with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean, isbn

from django_amazon_sync.rules.identifiers import (
    READERS,
    BadIdentifier,
    clean,
    may_be_application_id,
    may_be_seller_id,
)


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        ("ean", "4006381333931", "4006381333931"),
        ("ean", " 400-6381-33393-1 ", "4006381333931"),
        ("ean", "96385074", "96385074"),
        ("upc", "036000291452", "036000291452"),
        ("upc", "0 36000 29145 2", "036000291452"),
        ("isbn", "0-306-40615-2", "9780306406157"),
        ("isbn", "080442957x", "9780804429573"),
        ("isbn", "978-0-306-40615-7", "9780306406157"),
        ("asin", "b000123456", "B000123456"),
    ],
)
def test_a_code_is_kept_in_one_form(kind: str, text: str, kept: str) -> None:
    assert clean(kind, text) == kept


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        ("ean", "4006381333932", "check"),
        ("ean", "400638133393", "length"),
        ("ean", "400638133393I", "characters"),
        ("ean", "", "characters"),
        ("upc", "36000291452", "length"),
        ("upc", "036000291453", "check"),
        ("isbn", "0306406153", "check"),
        ("isbn", "4006381333931", "characters"),
        ("isbn", "03064", "length"),
        ("asin", "B00012345", "length"),
        ("asin", "B00012345Ü", "characters"),
        ("gtin", "4006381333931", "kind"),
    ],
)
def test_what_is_no_code_is_refused_with_the_reason(kind: str, text: str, problem: str) -> None:
    with pytest.raises(BadIdentifier) as refused:
        clean(kind, text)
    assert refused.value.problem == problem
    assert kind.upper() in str(refused.value)


@given(st.integers(0, 10**12 - 1).map("{:012d}".format), st.sampled_from(["", "-", " "]))
def test_dashes_and_spaces_are_of_no_account(twelve: str, between: str) -> None:
    code = twelve + ean.calc_check_digit(twelve)
    assert clean("ean", between.join(code)) == code


@given(st.integers(0, 10**9 - 1).map("{:09d}".format))
def test_an_isbn_of_ten_is_its_isbn_of_thirteen(nine: str) -> None:
    ten = nine + isbn._calc_isbn10_check_digit(nine)
    assert clean("isbn", ten) == clean("isbn", isbn.to_isbn13(ten))


@given(st.sampled_from(sorted(READERS)), st.text(max_size=20))
def test_any_text_is_kept_or_refused(kind: str, text: str) -> None:
    try:
        kept = clean(kind, text)
    except BadIdentifier:
        return
    assert clean(kind, kept) == kept


@pytest.mark.parametrize("text", ["A1SELLER", "AEUSELLER00001", "A-FORMER-SELLER"])
def test_ids_of_sellers(text: str) -> None:
    assert may_be_seller_id(text)


@pytest.mark.parametrize("text", ["", "A/B", "A B", "Ａ1", "A\n", "A:B", "../x", "A" * 51, "А1"])
def test_what_is_no_id_of_a_seller(text: str) -> None:
    assert not may_be_seller_id(text)


@pytest.mark.parametrize("text", ["", "amzn1 x", "amzn1/..", "amzn1\n", "a" * 201, "amzn1&x=1"])
def test_what_is_no_id_of_an_application(text: str) -> None:
    assert may_be_application_id("amzn1.application-oa2-client.1")
    assert not may_be_application_id(text)
