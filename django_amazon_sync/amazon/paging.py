"""Every page of a list, to its end; what never ends is no answer.

A token that comes a second time leads round in a circle, and one that is new each time leads
nowhere (docs/amazon.md#anything-may-be-new): both would hold a worker for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from django_amazon_sync.amazon.client import Answer, Client, Parameter
from django_amazon_sync.amazon.reading import obj, text

MOST_PAGES = 1000


def pages(
    client: Client,
    operation: str,
    path: str,
    query: dict[str, Parameter],
    *,
    by: str,
    alone: bool = False,
    most: int = MOST_PAGES,
) -> Iterator[Answer]:
    """The answers of one search; ``by`` is the parameter that takes the token of the next.

    ``alone``: that is then the only parameter. Raises Unavailable for more than ``most`` pages and
    for a token that was there before, and as ``Client.call``.
    """
    seen: set[str] = set()
    for _page in range(most):
        answer = client.call(operation, "GET", path, query=query)
        yield answer
        token = next_token(answer)
        if not token:
            return
        if token in seen:
            break
        seen.add(token)
        query = {by: token} if alone else {**query, by: token}
    answer.lacks("an end to its pages")


def next_token(answer: Answer) -> str:
    """The token of the next page, empty on the last."""
    pagination = obj(answer.body.get("pagination"))
    return text(pagination.get("nextToken")) or text(answer.body.get("nextToken"))
