"""A long document is read in pieces, and as a whole it says the same."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_amazon_sync.amazon import long_json
from django_amazon_sync.errors import Unreadable

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.text(max_size=8), VALUES, max_size=5)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that every kind of value is cut in every place."""
    monkeypatch.setattr(long_json, "_BYTES_PER_READ", 3)


def read(raw: bytes) -> list[tuple[str, Any]]:
    return list(long_json.members(io.BytesIO(raw)))


def expected(document: dict[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in document.items():
        found += [(key, one) for one in value] if isinstance(value, list) else [(key, value)]
    return found


@given(DOCUMENTS, st.sampled_from([None, 0, 1, "\t"]), st.booleans(), st.booleans())
@settings(deadline=None)
def test_every_member_comes_as_it_is(
    document: dict[str, Any], indent: Any, ascii_only: bool, marked: bool
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    try:
        raw = text.encode("utf-8-sig" if marked else "utf-8")
    except UnicodeEncodeError:
        return
    assert read(raw) == expected(document)


@given(DOCUMENTS.filter(bool), st.data())
@settings(deadline=None)
def test_what_is_cut_short_is_unreadable(document: dict[str, Any], data: st.DataObject) -> None:
    raw = json.dumps(document).encode()
    with pytest.raises(Unreadable):
        read(raw[: data.draw(st.integers(0, len(raw) - 1))])


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b"1",
        b"{} {}",
        b"{}x",
        b'{"a" 1}',
        b'{"a": 1 "b": 2}',
        b'{"a": [1 2]}',
        b'{"a": NaN}',
        b'{"a": [Infinity]}',
        b'{"a": 01}',
        b'{"a": "\n"}',
        b"{'a': 1}",
        b'{"a": "\xff"}',
        b'{"a": "\xc3',
        b'{"a": 1,}',
        b'{"a": [1, ]}',
    ],
)
def test_what_is_no_json_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read(raw)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_brackets_in_brackets_fill_no_memory(opening: bytes) -> None:
    with pytest.raises(Unreadable):
        read(b'{"header":' + opening * 200_000)
    with pytest.raises(Unreadable):
        read(opening * 200_000)


def test_a_value_without_end_is_not_read_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_json, "_LONGEST_VALUE", 1000)
    file = io.BytesIO(b'{"a": "' + b"x" * 100_000)
    with pytest.raises(Unreadable):
        list(long_json.members(file))
    assert file.tell() < 10_000
    assert read(b'{"a": "' + b"x" * 900 + b'"}') == [("a", "x" * 900)]


def test_a_long_value_is_tried_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try begins anew: as often as there are pieces would be for ever."""
    tries = 0

    def counted(text: str, at: int) -> tuple[Any, int]:
        nonlocal tries
        tries += 1
        return real(text, at)

    real = long_json._decode
    monkeypatch.setattr(long_json, "_decode", counted)
    read(b'{"a": "' + b"x" * 1_000_000 + b'"}')
    assert tries < 30
