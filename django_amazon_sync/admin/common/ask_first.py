"""A page in between: what a click takes off sale, or lets leave, in numbers, before it does so.

What was posted travels with the page, and a mark of what the page is about: where that is another
thing by the time its button is pressed, the page comes again. That a number moved, as something was
sold meanwhile, is no other thing; that another row goes off sale, or leaves, is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import ngettext

from django_amazon_sync.admin.common.formatting import brief
from django_amazon_sync.admin.common.seen import Compared, mark, mark_of_all

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: The page's button, and what the page said.
CONFIRMED, TOLD = "_confirmed", "_told"

#: The page within Django's admin.
TEMPLATE = "django_amazon_sync/admin/ask_first.html"


@dataclass(frozen=True)
class Part:
    """What happens to one account, or in one respect; ``stops`` are why it cannot be done.

    ``about`` is a mark of the rows that it is about, and of what happens to each; without it the
    sentences are.
    """

    heading: str = ""
    sentences: Sequence[str] = ()
    stops: Sequence[str] = ()
    about: str = ""


@dataclass(frozen=True)
class Question:
    """What the page says; it has its ``button`` where nothing stops what was asked for."""

    title: StrOrPromise
    button: StrOrPromise
    parts: Sequence[Part]

    @property
    def stopped(self) -> bool:
        """Whether it can be done for none of the parts."""
        return all(part.stops for part in self.parts)

    @property
    def mark(self) -> str:
        """A short text that is another one where the page is about something else."""
        about = [
            (part.heading, part.about or [*part.sentences], [*part.stops]) for part in self.parts
        ]
        return mark(str(self.title), about)


def page(
    request: HttpRequest,
    question: Question,
    context: Mapping[str, object],
    template: str = TEMPLATE,
    carries: Mapping[str, str] | None = None,
) -> HttpResponse | None:
    """The page, or None where its button was pressed and what it is about is still so.

    It ``carries`` what was posted, and this. Who goes back comes to ``leave`` of the context, or to
    where the request came from.
    """
    told = request.POST.get(TOLD, "")
    if CONFIRMED in request.POST and told == question.mark and not question.stopped:
        return None
    return TemplateResponse(
        request,
        template,
        {
            **context,
            "title": question.title,
            "question": question,
            "changed": CONFIRMED in request.POST,
            "back": request.get_full_path(),
            "again": [*_posted(request, carries or {}), *(carries or {}).items()],
        },
    )


def page_of_unseen(
    request: HttpRequest,
    found: Compared,
    title: StrOrPromise,
    button: StrOrPromise,
    context: Mapping[str, object],
) -> HttpResponse | None:
    """The page for rows that were chosen with all that match, and that the list did not show."""
    if not found.unseen:
        return None
    names = ", ".join(dict.fromkeys(name for name, _mark in found.unseen.values()))
    text = ngettext(
        "%(number)d row that the list did not show is chosen, too: %(rows)s.",
        "%(number)d rows that the list did not show are chosen, too: %(rows)s.",
        len(found.unseen),
    )
    sentence = text % {"number": len(found.unseen), "rows": brief(names)}
    about = mark_of_all(sorted(found.unseen.items()))
    return page(
        request, Question(title, button, [Part(sentences=[sentence], about=about)]), context
    )


def _posted(request: HttpRequest, but: Mapping[str, str]) -> list[tuple[str, str]]:
    """What was posted, without what the page says itself."""
    own = {CONFIRMED, TOLD, "csrfmiddlewaretoken", *but}
    names = (name for name in request.POST if name not in own)
    return [(name, value) for name in names for value in request.POST.getlist(name)]
