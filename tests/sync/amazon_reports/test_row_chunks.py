"""A report's rows come each once, and all of one SKU together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_amazon_sync.data import ReportRow
from django_amazon_sync.sync.amazon_reports import row_chunks
from django_amazon_sync.sync.amazon_reports.row_chunks import in_chunks

skus = st.sampled_from(["", "A", "B", "C", "D", "E"])


@given(names=st.lists(skus, max_size=20), size=st.integers(1, 6), kept=st.integers(1, 6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_rows_come_once_and_those_of_a_sku_together(
    monkeypatch: pytest.MonkeyPatch, names: list[str], size: int, kept: int
) -> None:
    monkeypatch.setattr(row_chunks, "KEPT", kept)
    rows = [ReportRow(name, asin=str(number)) for number, name in enumerate(names)]
    found = list(in_chunks(names, lambda: iter(rows), size))
    assert Counter(row.asin for some in found for row in some) == Counter(row.asin for row in rows)
    for name in set(names) - {""}:
        [together] = [some for some in found if any(row.sku == name for row in some)]
        of_name = [row for row in together if row.sku == name]
        assert of_name == [row for row in rows if row.sku == name]
    assert all(found)


@pytest.mark.parametrize(("repeated", "readings"), [(0, 1), (10, 2), (101, 4)])
def test_few_repeated_skus_cost_few_readings(
    monkeypatch: pytest.MonkeyPatch, repeated: int, readings: int
) -> None:
    monkeypatch.setattr(row_chunks, "KEPT", 100)
    rows = [ReportRow(f"S{number}") for number in (*range(500), *range(repeated))]
    times = 0

    def read() -> Iterator[ReportRow]:
        nonlocal times
        times += 1
        return iter(rows)

    found = list(in_chunks([row.sku for row in rows], read, 50))
    assert times == readings
    assert max(map(len, found)) <= 51
