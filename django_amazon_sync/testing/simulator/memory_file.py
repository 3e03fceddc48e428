"""The memory of the simulated Amazon on disk: one JSON file.

Under the lock nothing is done but a copy; it is put into words afterwards, piece by piece, so
that even a memory of many thousand listings holds up no request for long.
"""

import base64
import json
import marshal
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from .answers import Json
from .world import (
    AccessToken,
    AmazonUnits,
    Document,
    Due,
    Job,
    Listing,
    Order,
    Product,
    Seller,
    World,
    in_bulk,
)

VERSION = 2
ROWS_PER_COPY = 1000


def save(world: World, path: Path) -> None:
    """Write the memory to a file: all of it or, if the machine dies, the former one."""
    with world.lock, in_bulk():
        head = {
            "version": VERSION,
            "now": world.clock.timestamp(),
            "serial": world.serial,
        }
        copies = {name: _copied(rows) for name, rows in _tables(world).items()}
    draft = path.with_name(path.name + ".new")
    with draft.open("w", encoding="utf-8") as file:
        _write(file, head, copies)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _tables(world: World) -> dict[str, Iterable[Any]]:
    """Everything that there may be many of, as rows of plain values."""
    return {
        "sellers": map(vars, world.sellers),
        "products": map(vars, world.products.values()),
        "listings": (
            vars(listing) for places in world.skus.values() for listing in places.values()
        ),
        "orders": map(vars, world.orders.values()),
        "documents": map(vars, world.documents.values()),
        "jobs": map(vars, world.jobs.values()),
        "amazon_units": ([*key, vars(units)] for key, units in world.amazon_units.items()),
        "due": map(vars, world.due),
        "tokens": ([name, vars(token)] for name, token in world.tokens.items()),
    }


def _copied(rows: Iterable[Any]) -> list[bytes]:
    """The rows as they are now, in the quickest form that there is."""
    chunk: list[Any] = []
    chunks = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == ROWS_PER_COPY:
            chunks.append(marshal.dumps(chunk))
            chunk = []
    return [*chunks, marshal.dumps(chunk)]


def _write(file: TextIO, head: Json, copies: dict[str, list[bytes]]) -> None:
    """One JSON object; row by row, as the encoder lets no other thread run meanwhile."""
    encode = json.JSONEncoder(default=_in_letters, check_circular=False).encode
    file.write(encode(head)[:-1])
    for name, chunks in copies.items():
        file.write(f',\n"{name}": [')
        separator = "\n"
        for row in _rows(chunks):
            file.write(separator + encode(row))
            separator = ",\n"
        file.write("]")
    file.write("}\n")


def _rows(chunks: list[bytes]) -> Iterator[Any]:
    for chunk in chunks:
        yield from marshal.loads(chunk)  # noqa: S302 (it was written a moment ago)


def _in_letters(content: object) -> str:
    """Bytes for JSON; they are the contents of documents."""
    if not isinstance(content, bytes):
        raise TypeError(f"{type(content)} cannot be kept in the memory")
    return base64.b64encode(content).decode()


def load(world: World, path: Path) -> None:
    """Read the memory back. Raises ValueError if the file is not one of ours."""
    with in_bulk():
        memory = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(memory, dict) or memory.get("version") != VERSION:
        raise ValueError(f"{path} is not a memory of this simulator; name another file.")
    world.clock.not_before(memory["now"])
    world.serial = memory["serial"]
    world.dice.seed(f"{world.seed} {world.serial}")
    world.sellers = [Seller(**row) for row in memory["sellers"]]
    for row in memory["products"]:
        world.add_product(Product(**row))
    for row in memory["listings"]:
        world.keep(Listing(**row))
    world.orders = {row["data"]["orderId"]: Order(**row) for row in memory["orders"]}
    world.documents = {row["document_id"]: _document(row) for row in memory["documents"]}
    world.jobs = {row["job_id"]: Job(**row) for row in memory["jobs"]}
    world.amazon_units = {
        (seller_id, sku, marketplace): AmazonUnits(**units)
        for seller_id, sku, marketplace, units in memory["amazon_units"]
    }
    world.due = [Due(**row) for row in memory["due"]]
    world.tokens = {name: AccessToken(**token) for name, token in memory["tokens"]}


def _document(row: Json) -> Document:
    packed = row.pop("packed")
    return Document(**row, packed=None if packed is None else base64.b64decode(packed))
