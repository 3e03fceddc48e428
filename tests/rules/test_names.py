"""Which name goes to Amazon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.rules.names import LONGEST_NAME, name_problem


@pytest.mark.parametrize("title", ["Mug", "名札 10枚入り", "Mug 🫖 'Größe L' 1/4\"", "x" * 200])
def test_a_name_that_can_be_sent(title: str) -> None:
    assert name_problem(title) == ""


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("", "no title"),
        (" \u2003 ", "no title"),
        ("Mug\x00", "control characters"),
        ("Mug\nblue", "control characters"),
        ("Mug\x85", "control characters"),
        ("🫖" * 3000, "The title has 3000 characters and Amazon takes 200"),
        ("x" * 201, "The title has 201 characters"),
    ],
)
def test_a_name_that_cannot_be_sent_says_why(title: str, words: str) -> None:
    assert words in name_problem(title)


@given(st.text(max_size=400))
def test_every_name_is_sent_whole_or_has_one_sentence(title: str) -> None:
    problem = name_problem(title)
    if problem:
        assert problem.endswith(".")
        assert "\n" not in problem
    else:
        assert 0 < len(title) <= LONGEST_NAME
        assert title.strip()
