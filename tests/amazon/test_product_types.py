"""Product types: what a schema says, however it is written, and never taken on trust."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.product_types import schema_facts
from django_amazon_sync.errors import Unreadable


def schema_of(value: Any) -> bytes:
    condition = {"items": {"properties": {"value": value}}}
    schema = {"properties": {"condition_type": condition}, "required": ["item_name", 5]}
    return json.dumps(schema).encode()


@pytest.mark.parametrize(
    "value",
    [
        {"enum": ["new_new", "used_good"]},
        {"anyOf": [{"type": "string"}, {"enum": ["new_new", "used_good", 7]}]},
        {"enum": ["new_new"], "oneOf": [{"enum": ["used_good", "new_new"]}]},
    ],
)
def test_conditions_are_found_however_a_schema_writes_them(value: Any) -> None:
    facts = schema_facts(schema_of(value))
    assert facts.conditions == ("new_new", "used_good")
    assert facts.required == {"item_name"}


@pytest.mark.parametrize("document", [b"", b"<html>", b"[]", b'{"properties": 5}', b"[" * 100_000])
def test_what_is_no_schema_is_unreadable(document: bytes) -> None:
    with pytest.raises(Unreadable):
        schema_facts(document)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(json_values)
def test_any_value_of_a_condition_is_read(value: Any) -> None:
    facts = schema_facts(schema_of(value))
    assert all(isinstance(one, str) for one in facts.conditions)
