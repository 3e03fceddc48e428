"""``amazon_rotate_keys``: put every encrypted column under the newest key, bound to its place.

It goes by primary keys in small batches and leaves what is so already, so it may be stopped and
started at any time. What changed meanwhile is left as it is: it was written with
the newest key. When it is through, the older keys may leave the settings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models

from django_amazon_sync.errors import ConfigurationError, Misplaced
from django_amazon_sync.models.fields import Bound, Encrypted, Place, encrypt, rotate, stored

from ._base import ALL_WELL, SOME_FAILED, AmazonCommand, Result, progress_bar

ROWS_PER_BATCH = 200


class Command(AmazonCommand):
    """Loud on a value that no key opens, or that was moved; the rest goes on."""

    help = "Encrypt all secrets and buyers' data anew with the first of AMAZON_SYNC's keys."

    def result(self, options: dict[str, Any]) -> Result:
        encrypt("a key is there")  # raises where there is none
        counts: Counter[str] = Counter(rotated=0, kept=0, lost=0, misplaced=0)
        faults: list[str] = []
        for model, column in encrypted_columns():
            about = f"{model.__name__}.{column}"
            total = model._default_manager.count()
            with progress_bar(self, about, total) as (progress, _say):
                for place, token in tokens(model, column):
                    try:
                        counts[_rotate_one(model, column, place, token)] += 1
                    except ConfigurationError as error:
                        counts["lost"] += 1
                        faults.append(str(error))
                    except Misplaced as error:
                        counts["misplaced"] += 1
                        faults.append(str(error))
                    progress(1)
        said = ", ".join(f"{name} {number}" for name, number in counts.items())
        return Result(
            SOME_FAILED if faults else ALL_WELL,
            {"counts": dict(counts), "lines": faults},
            [said, *faults],
            complaint=_complaint(counts["lost"], counts["misplaced"]),
        )


def encrypted_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Every encrypted column of this package, each once: a proxy's columns are another model's."""
    for model in apps.get_app_config("django_amazon_sync").get_models():
        for field in () if model._meta.proxy else model._meta.concrete_fields:
            if isinstance(field, Encrypted):
                yield model, field.attname


def tokens(model: type[models.Model], column: str) -> Iterator[tuple[Place, str]]:
    """Place and stored value of every row that has one, in batches."""
    field = model._meta.get_field(column)
    assert isinstance(field, Encrypted)
    rows = model._default_manager.annotate(stored_token=stored(column)).order_by("pk")
    rows = rows.filter(stored_token__gt="")
    names = ("pk", "stored_token", *field.bound_to)
    batch = list(rows.values_list(*names)[:ROWS_PER_BATCH])
    while batch:
        for pk, token, *identity in batch:
            yield field.place(pk, identity), token
        batch = list(rows.filter(pk__gt=batch[-1][0]).values_list(*names)[:ROWS_PER_BATCH])


def _rotate_one(model: type[models.Model], column: str, place: Place, token: str) -> str:
    newest = rotate(token, place)
    if newest == token:
        return "kept"
    row = model._default_manager.annotate(stored_token=stored(column))
    row.filter(pk=place.pk, stored_token=token).update(**{column: Bound(newest)})
    return "rotated"


def _complaint(lost: int, misplaced: int) -> str:
    """What is to be done about the values that stay as they were."""
    said = [f"{lost} values could not be opened; put the lost key back."] if lost else []
    if misplaced:
        said.append(f"{misplaced} values were encrypted for another place, and stay unused.")
    return " ".join(said)
