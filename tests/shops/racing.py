"""Jobs at the same moment, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection, transaction

Result = TypeVar("Result")


def at_once(jobs: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run the jobs in threads that start together, each in a transaction of its own."""
    start = Barrier(len(jobs))

    def work(job: Callable[[], Result]) -> Result:
        try:
            start.wait(timeout=10)
            with transaction.atomic():
                return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(work, jobs))
