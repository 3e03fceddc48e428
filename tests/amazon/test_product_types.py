"""Product types: what a schema says, however it is written, and never taken on trust."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.product_types import (
    get_product_type,
    read_schema,
    schema_facts,
    search_product_types,
)
from django_amazon_sync.errors import Unavailable, Unreadable
from tests.amazon.conftest import Reply, ScriptedServer, asked


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


def test_words_that_no_database_takes_are_none() -> None:
    odd = {"properties": {}, "required": ["\ud800", "item_\0name"]}
    assert schema_facts(json.dumps(odd).encode()).required == {"item_name"}


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


# --- Operations -----------------------------------------------------------------------------------

DE = "A1PA6795UKMFR9"


def test_product_types_are_searched_by_words(server: ScriptedServer, client: Client) -> None:
    found = {"productTypes": [{"name": "CUP", "displayName": "Tasse"}, "no product type", {}]}
    server.answers(Reply.of(200, found))
    [cup, *nameless] = search_product_types(client, DE, keywords=("cup", "blue"))
    assert (cup.name, cup.display_name) == ("CUP", "Tasse")
    assert [one.name for one in nameless] == [""]
    path, query = asked(server)
    assert path == "/definitions/2020-09-01/productTypes"
    assert query == {"marketplaceIds": DE, "keywords": "cup,blue"}


def test_a_definition_leads_to_its_schema(server: ScriptedServer, client: Client) -> None:
    url = f"{server.endpoint}/schema.json"
    schema = {"link": {"resource": url, "verb": "GET"}, "checksum": "abc=="}
    server.answers(Reply.of(200, {"productType": "A/B", "displayName": "Tasse", "schema": schema}))
    definition = get_product_type(client, "A/B", DE)
    assert (definition.name, definition.schema_url, definition.checksum) == ("A/B", url, "abc==")
    path, query = asked(server)
    assert path == "/definitions/2020-09-01/productTypes/A%2FB"
    assert query == {"marketplaceIds": DE, "sellerId": "A1SELLER"}
    server.answers(Reply(200, schema_of({"enum": ["new_new"]})))
    assert read_schema(client, definition).conditions == ("new_new",)


def test_an_answer_without_product_types_is_no_answer(
    server: ScriptedServer, client: Client
) -> None:
    server.answers(Reply.of(200, {}))
    with pytest.raises(Unavailable):
        search_product_types(client, DE)
