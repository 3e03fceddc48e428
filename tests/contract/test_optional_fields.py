"""What Amazon may leave out, by its own models, is missed without harm: field by field.

Amazon's published answer to each call is given again and again, each time without one field; where
the model allows the answer as it then is, the gateway has to read it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from django_amazon_sync.amazon.client import Answer
from django_amazon_sync.errors import AmazonSyncError
from tests.contract.amazon_models import contract_folder, load_models
from tests.contract.callers import CALLS, client_of
from tests.contract.standin import StandIn

Body = dict[str, Any]
Path = tuple[str | int, ...]

#: These models require nothing, not even what the call is about: silence never means "none".
THE_ANSWER_ITSELF: dict[str, Path] = {
    "getMarketplaceParticipations": ("payload",),
    "getInventorySummaries": ("payload",),
}


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where each field of a document stands."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield (*path, name)
            yield from places(part, (*path, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from places(part, (*path, number))


def without(document: Body, path: Path) -> Body:
    left = copy.deepcopy(document)
    parent: Any = left
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    return left


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    with StandIn(contract_folder() / "models") as standin:
        yield standin


@pytest.mark.parametrize("operation", CALLS)
def test_what_a_model_does_not_require_can_be_left_out(
    standin: StandIn, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, read = load_models(), CALLS[operation]
    client = client_of(standin.endpoint, standin.lwa_endpoint)
    ask = client.call
    answers: list[Answer] = []
    instead: list[Body] = []

    def call(name: str, *args: Any, **more: Any) -> Answer:
        if instead:  # a further page is as it is published
            return Answer(name, instead.pop(), 200, "", None, None)
        answers.append(ask(name, *args, **more))
        return answers[-1]

    monkeypatch.setattr(client, "call", call)
    read(client)
    first = answers[0]
    harmed = {}
    for path in places(first.body):
        lacking = without(first.body, path)
        if models.response_faults(first.operation, first.status, lacking):
            continue  # the model requires it
        instead[:] = [lacking]
        try:
            read(client)
        except AmazonSyncError as error:
            harmed[path] = str(error)
    allowed = THE_ANSWER_ITSELF.get(operation)
    assert set(harmed) == ({allowed} if allowed else set()), harmed
