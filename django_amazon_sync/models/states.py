"""Rows that move from state to state, along a table and by conditional UPDATE only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.db import models


class StateMachineModel(models.Model):
    """A row with a ``state``; ``TRANSITIONS`` names for each state those that may follow."""

    TRANSITIONS: ClassVar[Mapping[Any, frozenset[str]]] = {}
    state = models.CharField(max_length=20)

    class Meta:
        abstract = True

    def move(self, to: str, **values: object) -> bool:
        """Move to ``to`` and set ``values``; False where the row was elsewhere by then.

        One conditional UPDATE, so of two workers one wins; the loser's row is left as it is.
        """
        sources = [state for state, targets in self.TRANSITIONS.items() if to in targets]
        moved = self._row().filter(state__in=sources).update(state=to, **values) == 1
        if moved:
            self.state = to
            for name, value in values.items():
                setattr(self, name, value)
        return moved

    def _row(self) -> models.QuerySet[Self]:
        """The row as this object may move it."""
        return type(self)._default_manager.filter(pk=self.pk)


def one_of(states: type[models.TextChoices], name: str) -> models.CheckConstraint:
    """The constraint that keeps ``state`` within its states."""
    return models.CheckConstraint(condition=models.Q(state__in=states.values), name=name)
