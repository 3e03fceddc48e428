"""A simulated Amazon whose answers a test may alter, and which may take a request up late."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django_amazon_sync.testing.simulator import Simulator
from django_amazon_sync.testing.simulator.server import Incoming, Reply

Alter = Callable[[Incoming, Reply], Reply]


@dataclass
class Hooks:
    """``instead`` may answer in Amazon's place, ``alter`` changes what Amazon answered."""

    instead: list[Callable[[Incoming], Reply | None]] = field(default_factory=list)
    alter: list[Alter] = field(default_factory=list)


class OddAmazon(Simulator):
    """See the module."""

    def __init__(self, **options: Any) -> None:
        self.hooks = Hooks()
        super().__init__(**options)

    def respond(self, incoming: Incoming) -> Reply:
        for instead in self.hooks.instead:
            if (reply := instead(incoming)) is not None:
                return reply
        reply = super().respond(incoming)
        for alter in self.hooks.alter:
            reply = alter(incoming, reply)
        return reply

    def carry_out(self, incoming: Incoming) -> None:
        """Take a request up now; nobody hears the answer."""
        super().respond(incoming)


def no_answer() -> Reply:
    """The connection dies."""
    return Reply(0, b"", {}, drop=True)


def with_body(reply: Reply, body: Any) -> Reply:
    """The same answer with another body."""
    return replace(reply, body=json.dumps(body).encode())
