"""Amazon's published Swagger models as a judge of requests and responses.

The folder is ``../shared/sp-api`` beside the project, or ``SP_API_CONTRACT``. Where it is
absent, the tests that need it are skipped and say so; ``SP_API_CONTRACT_REQUIRED=1`` makes
that a failure.

    models = load_models()
    assert models.request_faults("getOrder", ["111-..."], {"includedData": ["BUYER"]}, None) == []
    assert models.response_faults("getOrder", 200, body) == []
    assert models.faults_of(amazon.requests) == []  # the log of a simulator

The judge is stricter than the models: a field that a model does not name is a fault, unless
the model says that anything goes there.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from django_amazon_sync.testing.simulator import RequestSeen

Json = dict[str, Any]

PROJECT = Path(__file__).parents[2]
MODELS = {
    "sellers": ("getMarketplaceParticipations", "getAccount"),
    "listingsItems_2021-08-01": (
        "searchListingsItems",
        "getListingsItem",
        "putListingsItem",
        "patchListingsItem",
        "deleteListingsItem",
    ),
    "listingsRestrictions_2021-08-01": ("getListingsRestrictions",),
    "catalogItems_2022-04-01": ("searchCatalogItems", "getCatalogItem"),
    "definitionsProductTypes_2020-09-01": (
        "searchDefinitionsProductTypes",
        "getDefinitionsProductType",
    ),
    "orders_2026-01-01": ("searchOrders", "getOrder"),
    "ordersV0": ("confirmShipment",),
    "feeds_2021-06-30": (
        "createFeedDocument",
        "createFeed",
        "getFeed",
        "getFeeds",
        "cancelFeed",
        "getFeedDocument",
    ),
    "reports_2021-06-30": (
        "createReport",
        "getReport",
        "getReports",
        "cancelReport",
        "getReportDocument",
    ),
    "fbaInventory": ("getInventorySummaries",),
}
"""Model file -> its operations that the app or the simulator knows."""

formats = FormatChecker(formats=())


@formats.checks("date-time")
def _is_date_time(value: object) -> bool:
    """RFC 3339, which is what Swagger means by date-time: the zone is part of it."""
    if not isinstance(value, str):
        return True
    try:
        return datetime.fromisoformat(value).tzinfo is not None and "T" in value
    except ValueError:
        return False


def contract_folder() -> Path:
    """The folder of Amazon's contract; skips (or fails) the test that asks where there is none."""
    folder = Path(os.environ.get("SP_API_CONTRACT") or PROJECT.parent / "shared" / "sp-api")
    if (folder / "models").is_dir():
        return folder
    text = f"Amazon's models are not at {folder}; set SP_API_CONTRACT to their folder."
    if os.environ.get("SP_API_CONTRACT_REQUIRED") == "1":
        pytest.fail(text)
    pytest.skip(text)


@dataclass(frozen=True)
class Operation:
    """One operation: where it is, and what its model says of it."""

    name: str
    model: str
    method: str
    path: str
    description: Json

    @property
    def parameters(self) -> list[Json]:
        """Query, path and body parameters."""
        rows: list[Json] = self.description.get("parameters", [])
        return rows

    @property
    def plan(self) -> tuple[float, int]:
        """Rate (requests per second) and burst of the default usage plan."""
        table = self.description["description"].partition("Usage Plan")[2]
        found = re.search(r"\|\s*(?:Default\s*\|\s*)?([\d.]+)\s*\|\s*(\d+)\s*\|", table)
        assert found, f"{self.name} has no usage plan in its description"
        return float(found[1]), int(found[2])

    def arguments(self, path: str) -> list[str]:
        """The decoded arguments in an undecoded path of this operation."""
        places, parts = self.path.strip("/").split("/"), path.strip("/").split("/")
        pairs = zip(reversed(places), reversed(parts), strict=False)  # a region may lead the path
        return [unquote(part) for place, part in pairs if place.startswith("{")][::-1]


class Models:
    """The models of a contract folder."""

    def __init__(self, folder: Path) -> None:
        self.operations: dict[str, Operation] = {}
        resources = []
        for model, names in MODELS.items():
            document = json.loads((folder / "models" / f"{model}.json").read_text("utf-8"))
            for path, methods in document["paths"].items():
                for method, description in methods.items():
                    name = isinstance(description, dict) and description.get("operationId")
                    if name in names:
                        operation = Operation(name, model, method.upper(), path, description)
                        self.operations[name] = operation
            resources.append((f"urn:{model}", DRAFT4.create_resource(_strict(document))))
        self._registry: Registry[Any] = Registry().with_resources(resources)

    def request_faults(
        self,
        name: str,
        arguments: Sequence[str],
        query: Mapping[str, Sequence[str]],
        body: Any,
    ) -> list[str]:
        """What is wrong with a request: decoded path arguments, query values, JSON body."""
        operation = self.operations[name]
        known = {row["name"]: row for row in operation.parameters if row["in"] == "query"}
        faults = [f"query parameter {key!r} is unknown" for key in query if key not in known]
        for key, row in known.items():
            if key in query:
                faults += [f"query {key}: {fault}" for fault in _query_faults(row, query[key])]
            elif row.get("required"):
                faults.append(f"query parameter {key!r} is missing")
        wanted = re.findall(r"{\w+}", operation.path)
        if len(arguments) != len(wanted) or not all(arguments):
            faults.append(f"path arguments {list(arguments)} for {operation.path}")
        return faults + self._body_faults(operation, body)

    def _body_faults(self, operation: Operation, body: Any) -> list[str]:
        places = [number for number, row in enumerate(operation.parameters) if row["in"] == "body"]
        if not places:
            return [] if body is None else ["a body where there must be none"]
        return self._faults(operation, ["parameters", str(places[0]), "schema"], body)

    def response_faults(self, name: str, status: int, body: Any) -> list[str]:
        """What is wrong with a response: its status must be foreseen, its body fit."""
        operation = self.operations[name]
        response = operation.description["responses"].get(str(status))
        if response is None:
            return [f"status {status} is not foreseen"]
        if "schema" not in response:
            return [] if body is None else [f"a body with status {status}"]
        return self._faults(operation, ["responses", str(status), "schema"], body)

    def faults_of(self, log: Iterable[RequestSeen]) -> list[str]:
        """What is wrong in a simulator's log: with all responses, and the requests it took.

        A call that a fault has spoilt is left out.
        """
        faults: list[str] = []
        for seen in log:
            operation = self.operations.get(seen.operation)
            if operation is None or seen.fault:
                continue
            found = self.response_faults(seen.operation, seen.status, seen.response)
            if seen.status < 300:
                arguments = operation.arguments(seen.path)
                found += self.request_faults(seen.operation, arguments, seen.query, seen.body)
            faults += [f"{seen.operation} {seen.status} {seen.path}: {fault}" for fault in found]
        return faults

    def response_headers(self, name: str, status: int) -> set[str]:
        """The headers that the model foresees for a status."""
        responses = self.operations[name].description["responses"]
        return set(responses[str(status)].get("headers", {}))

    def _faults(self, operation: Operation, place: list[str], instance: Any) -> list[str]:
        steps = ["paths", operation.path, operation.method.lower(), *place]
        pointer = "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)
        validator = Draft4Validator(
            {"$ref": f"urn:{operation.model}#/{pointer}"},
            registry=self._registry,
            format_checker=formats,
        )
        return [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(instance)]


def _strict(schema: Any) -> Any:
    """A copy in which an object holds the properties that are named and no others."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {key: _strict(part) for key, part in schema.items()}
    if isinstance(copy.get("properties"), dict) and copy.get("type") == "object":
        copy.setdefault("additionalProperties", False)
    return copy


def _query_faults(row: Json, values: Sequence[str]) -> list[str]:
    """What is wrong with the values of one query parameter."""
    if row["type"] == "array":
        words = [word for value in values for word in value.split(",")]
        allowed, most = row["items"].get("enum"), row.get("maxItems", len(words))
    else:
        words, allowed, most = list(values), row.get("enum"), 1
    faults = [f"{word!r} is not allowed" for word in words if allowed and word not in allowed]
    if len(words) > most:
        faults.append(f"{len(words)} values, at most {most}")
    if row["type"] == "integer":
        limits = range(row.get("minimum", 0), row.get("maximum", 10**9) + 1)
        faults += [f"{word!r} is out of range" for word in words if int(word) not in limits]
    if row.get("format") == "date-time":
        faults += [f"{word!r} is no date-time" for word in words if not _is_date_time(word)]
    return faults


@cache
def _models(folder: Path) -> Models:
    return Models(folder)


def load_models() -> Models:
    """The models, read once; skips (or fails) the test that asks where they are absent."""
    return _models(contract_folder())
