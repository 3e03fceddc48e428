"""The limiter's table is the table in Amazon's models."""

import json
from typing import Any

import pytest

from django_amazon_sync.amazon.limits import PLANS
from tests.contract.amazon_models import Operation, contract_folder
from tests.contract.callers import CALLS, operations_called


def published() -> dict[str, Operation]:
    """Every operation of every model in the folder."""
    found: dict[str, Operation] = {}
    for file in sorted((contract_folder() / "models").glob("*.json")):
        paths: dict[str, Any] = json.loads(file.read_text("utf-8"))["paths"]
        for path, methods in paths.items():
            for method, description in methods.items():
                if isinstance(description, dict) and "operationId" in description:
                    name = description["operationId"]
                    found[name] = Operation(name, file.stem, method.upper(), path, description)
    return found


@pytest.mark.parametrize("operation", PLANS)
def test_a_plan_is_as_published(operation: str) -> None:
    plan = PLANS[operation]
    assert (plan.rate, plan.burst) == published()[operation].plan


def test_every_operation_that_is_called_has_a_plan() -> None:
    called = operations_called()
    assert called == set(CALLS)
    assert called <= set(PLANS)
