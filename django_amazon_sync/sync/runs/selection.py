"""What a run is about, where staff chose: a few SKUs by name, or any number by a query.

A hundred thousand products are chosen by one statement, which copies what a query finds into rows
of the run (``RunSelection``); neither the request nor the browser ever holds them. The run reads
them in chunks. A few are kept by name in the run's options, where staff can read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar

from django.db.models import BigIntegerField, Exists, Model, OuterRef, QuerySet, Value

from django_amazon_sync.models import RunSelection, SellerSku, SyncRun
from django_amazon_sync.sync.runs.bulk import insert_select

Row = TypeVar("Row", bound=Model)

#: SKUs up to this number are named in the run's options; more get rows of their own.
BY_NAME = 100

#: Rows of a selection that are read together.
SKUS_PER_CHUNK = 2000

#: The options of a run that say what it is about: these names, or so many in its selection.
NAMED: Final = "skus"
SELECTED: Final = "selected"


def restrict(run: SyncRun, skus: QuerySet[SellerSku]) -> None:
    """Let a run that nobody has begun be about these SKUs of its account only."""
    names = skus.filter(account=run.account_id).order_by().values_list("sku", flat=True).distinct()
    few = sorted(names[: BY_NAME + 1])
    if 0 < len(few) <= BY_NAME:
        run.options = {**run.options, NAMED: few}
    else:
        this_run = Value(run.pk, output_field=BigIntegerField())
        number = insert_select(RunSelection, ("run", "sku", "offer_pk"), names.values_list(
            this_run, "sku", Value("")))  # fmt: skip
        run.options = {**run.options, SELECTED: number}
    run.save(update_fields=["options"])


def is_about_some(run: SyncRun) -> bool:
    """Whether the run is about some SKUs only."""
    return bool(run.options.get(NAMED)) or SELECTED in run.options


def within(run: SyncRun, rows: QuerySet[Row], path: str = "") -> QuerySet[Row]:
    """Those of the rows that the run is about; ``path`` leads to their SellerSku ("sku")."""
    column = f"{path}__sku" if path else "sku"
    if names := run.options.get(NAMED):
        return rows.filter(**{f"{column}__in": names})
    if SELECTED in run.options:
        chosen = RunSelection.objects.filter(run=run, offer_pk="", sku=OuterRef(column))
        return rows.filter(Exists(chosen))
    return rows


def skus_in_chunks(run: SyncRun) -> Iterator[list[str]]:
    """The SKUs of the run's selection, some at a time."""
    last = 0
    rows = RunSelection.objects.filter(run=run).order_by("pk").values_list("pk", "sku")
    while some := list(rows.filter(pk__gt=last)[:SKUS_PER_CHUNK]):
        last = some[-1][0]
        yield [sku for _pk, sku in some]


def forget(run: SyncRun) -> None:
    """Delete the selection of a run that has ended."""
    if SELECTED in run.options:
        RunSelection.objects.filter(run=run).delete()
