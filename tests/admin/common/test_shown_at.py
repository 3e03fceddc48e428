"""What staff approve is what their page showed."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from django_amazon_sync import clock
from django_amazon_sync.admin.common.shown_at import ShownAt


def test_the_form_of_a_list_says_when_it_was_shown(rf: RequestFactory) -> None:
    before = clock.now()
    shown = ShownAt()["shown_at"].value()
    moment = ShownAt.moment_of(rf.post("/", {"shown_at": shown}))
    assert moment is not None
    assert before <= moment <= clock.now()


def test_the_moment_is_no_text_of_the_page() -> None:
    field = ShownAt()["shown_at"]
    assert (field.label, field.is_hidden) == ("", True)


@pytest.mark.parametrize("odd", ["", "yesterday", "2026-01-01T10:00:00"])
def test_a_page_that_does_not_say_when_approves_nothing(rf: RequestFactory, odd: str) -> None:
    assert ShownAt.moment_of(rf.post("/", {"shown_at": odd})) is None
