"""An empty database in memory, for one history after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from tests.histories.blank import Blank


@pytest.fixture(scope="session")
def image(django_db_setup: None, django_db_blocker: Any) -> Blank:
    with django_db_blocker.unblock():
        return Blank.of_this_connection() if connection.vendor == "sqlite" else Blank.made()


@pytest.fixture
def blank(image: Blank, db: None) -> Iterator[Blank]:
    """In use for the test."""
    with image.in_use():
        yield image
