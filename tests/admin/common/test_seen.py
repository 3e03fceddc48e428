"""The marks of what a page showed."""

from __future__ import annotations

from decimal import Decimal

from django.test import RequestFactory, override_settings

from django_amazon_sync.admin.common.seen import SEEN, Seen, mark, marks_in, with_mark


def test_a_mark_is_of_the_values() -> None:
    assert mark(1, {"a": Decimal("9.90")}) == mark(1, {"a": Decimal("9.90")})
    assert mark(1, {"a": Decimal("9.90")}) != mark(1, {"a": Decimal("9.91")})
    assert mark(1, None) != mark(1, "")
    assert mark({"a": 1, "b": 2}) == mark({"b": 2, "a": 1})


def test_a_mark_is_made_with_the_sites_key() -> None:
    mine = mark("MUG")
    with override_settings(SECRET_KEY="another"):
        assert mark("MUG") != mine


def test_marks_come_back_in_a_text() -> None:
    seen = Seen.of(Seen(mark(number) for number in range(100)).text)
    assert len(seen) == 100
    assert all(mark(number) in seen for number in range(100))
    assert mark(100) not in seen
    assert mark(1) not in Seen.of("")


def test_rows_of_a_list_carry_their_own(rf: RequestFactory) -> None:
    cell = with_mark("<b>", 7, {"price": "9.90 EUR"})
    assert "&lt;b&gt;" in cell
    assert f'value="7:{mark({"price": "9.90 EUR"})}"' in cell
    request = rf.post("/", {SEEN: ["7:abc", "x:y", "", f"{'9' * 5000}:z"]})
    assert marks_in(request) == {7: "abc"}
