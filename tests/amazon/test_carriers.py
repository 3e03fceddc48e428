"""Amazon's carrier codes: what people type is one of them, letter by letter, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.carriers import CARRIERS, OTHER, nearest, spelled
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.testing.simulator.shipments import CARRIERS as ACCEPTED


@given(st.sampled_from(CARRIERS), st.booleans())
def test_case_and_spaces_do_not_matter(code: str, lower: bool) -> None:
    typed = code.lower() if lower else code.upper()
    assert spelled(f"  {typed.replace(' ', '   ')} ") == code


@given(st.sampled_from(CARRIERS), st.sampled_from(["-", "_", ".", ""]))
def test_signs_between_words_do_not_matter(code: str, sign: str) -> None:
    assert spelled(code.replace(" ", sign)) == code


@given(st.text(), st.sampled_from(["", "DE", "JP"]))
def test_what_is_spelled_is_a_code_and_stays_so(typed: str, country: str) -> None:
    code = spelled(typed, country)
    assert code in ("", OTHER, *CARRIERS)
    assert spelled(code, country) == code
    assert nearest(typed) in ("", *CARRIERS)


@pytest.mark.parametrize(
    ("typed", "country", "code"),
    [
        ("DHL Paket", "DE", "DHL-Paket"),
        ("dhl-express", "", "DHL Express"),
        ("DHL International", "", "DHL"),
        ("Fed Ex", "US", "FedEx"),
        ("Federal Express", "US", "FedEx"),
        ("UPS Standard", "DE", "UPS"),
        ("GLS BusinessParcel", "DE", "GLS"),
        ("DPD Classic", "DE", "DPD"),
        ("Deutsche Post Warenpost", "DE", "Deutsche Post"),
        ("Royal Mail Tracked 48", "GB", "Royal Mail"),
        ("royal_mail", "GB", "Royal Mail"),
        ("Dascher", "DE", "DACHSER"),
        ("Kühne + Nagel", "DE", "Kuehne+Nagel"),
        ("Transaragones", "ES", "Transaragonés"),
        ("佐川急便", "JP", "SAGAWA"),
        ("ヤマト運輸", "JP", "YAMATO"),
        ("Post", "DE", "Deutsche Post"),
        ("Post", "JP", "Japan Post"),
        ("Post", "US", "USPS"),
        ("Post", "", ""),
        ("Sonstige", "DE", "Other"),
        ("その他", "JP", "Other"),
        ("Evri", "GB", ""),
        ("Bike courier", "DE", ""),
        ("Target Courier Ltd", "US", ""),
        ("Express", "DE", ""),
        ("", "DE", ""),
        ("-", "DE", ""),
    ],
)
def test_what_people_type(typed: str, country: str, code: str) -> None:
    assert spelled(typed, country) == code


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("DLH", "DHL"),
        ("Deutsche Pots", "Deutsche Post"),
        ("Hermess", "Hermes"),
        ("Chronpost", "Chronopost"),
        ("Evri", ""),
        ("Bike courier", ""),
        ("", ""),
    ],
)
def test_what_looks_mistyped(typed: str, code: str) -> None:
    assert nearest(typed) == code


def test_each_code_is_there_once_and_is_a_carrier() -> None:
    assert len({"".join(filter(str.isalnum, code)).casefold() for code in CARRIERS}) == len(
        CARRIERS
    )
    assert not {"HS code", "Otro", "DASCHER", "Other"} & set(CARRIERS)
    assert all(code == code.strip() and "Ã" not in code for code in CARRIERS)


def test_every_marketplace_has_its_post() -> None:
    own = {"IE", "MX", "BR", "TR", "EG", "SA", "AE", "ZA"}  # the list has no post of these
    for facts in MARKETPLACES.values():
        assert spelled("Post", facts.country) or facts.country in own, facts.country


def test_every_carrier_that_the_simulator_takes_is_known() -> None:
    assert set(CARRIERS) >= ACCEPTED
