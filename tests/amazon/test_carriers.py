"""Amazon's carrier codes, letter by letter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.carriers import CARRIERS, OTHER, spelled
from django_amazon_sync.testing.simulator.shipments import CARRIERS as ACCEPTED


@given(st.sampled_from(CARRIERS), st.booleans())
def test_case_and_spaces_do_not_matter(code: str, lower: bool) -> None:
    typed = code.lower() if lower else code.upper()
    assert spelled(f"  {typed.replace(' ', '   ')} ") == code


@given(st.text())
def test_what_is_spelled_is_a_code_and_stays_so(typed: str) -> None:
    code = spelled(typed)
    assert code in ("", OTHER, *CARRIERS)
    assert spelled(code) == code


def test_no_two_codes_differ_by_case_only() -> None:
    assert len({code.casefold() for code in CARRIERS}) == len(CARRIERS)


def test_every_carrier_that_the_simulator_takes_is_known() -> None:
    assert set(CARRIERS) >= ACCEPTED
