"""JSON documents as tests look into them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django_amazon_sync.data import Json


class Node:
    """One value of a JSON document: ``node["offers"][0]["price"]["amount"] == "9.50"``.

    A node equals what it holds and looks like it. What is not there is an error to ask for by
    ``[]``, and a node of None by ``get``.
    """

    __slots__ = ("value",)

    def __init__(self, value: Json) -> None:
        self.value = value

    @classmethod
    def read(cls, document: bytes | str) -> Node:
        return cls(json.loads(document))

    def __getitem__(self, key: str | int) -> Node:
        if isinstance(key, int):
            assert isinstance(self.value, list), f"{self} is not an array"
            return Node(self.value[key])
        return Node(self.fields[key])

    def get(self, key: str) -> Node:
        return Node(self.value.get(key) if isinstance(self.value, dict) else None)

    def items(self) -> Iterator[tuple[str, Node]]:
        """The names and values of an object."""
        return ((name, Node(value)) for name, value in self.fields.items())

    def __iter__(self) -> Iterator[Node]:
        """The values of an array."""
        assert isinstance(self.value, list), f"{self} is not an array"
        return map(Node, self.value)

    def __contains__(self, part: Json) -> bool:
        assert isinstance(self.value, dict | list | str), f"{self} contains nothing"
        return part in self.value

    def __len__(self) -> int:
        assert isinstance(self.value, dict | list | str), f"{self} has no length"
        return len(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, Node) else other)

    def __hash__(self) -> int:
        return hash(self.value)

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return repr(self.value)

    @property
    def fields(self) -> dict[str, Json]:
        """An object's values by name."""
        assert isinstance(self.value, dict), f"{self} is not an object"
        return self.value

    @property
    def text(self) -> str:
        assert isinstance(self.value, str), f"{self} is not a text"
        return self.value

    @property
    def number(self) -> int:
        assert isinstance(self.value, int), f"{self} is not a whole number"
        return self.value
