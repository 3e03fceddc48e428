"""What staff approve of a run is what their page showed of it."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from django_amazon_sync.admin.common.shown_lines import ShownLines
from django_amazon_sync.testing.factories import RunLineFactory


@pytest.mark.django_db
def test_the_form_of_a_list_says_which_line_was_the_newest(rf: RequestFactory) -> None:
    line = RunLineFactory.create()
    field = ShownLines()["lines_to"]
    assert (field.label, field.is_hidden) == ("", True)
    assert ShownLines.newest_of(rf.post("/", {"lines_to": field.value()})) == line.pk


@pytest.mark.parametrize("odd", ["", "yesterday", "-1", "9" * 5000])
def test_a_page_that_does_not_say_it_approves_nothing(rf: RequestFactory, odd: str) -> None:
    assert ShownLines.newest_of(rf.post("/", {"lines_to": odd})) is None
