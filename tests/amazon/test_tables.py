"""Tables of Amazon's are read line by line, in bounded memory, whatever their bytes are."""

import io
import time
import tracemalloc
from contextlib import suppress

import pytest

from django_amazon_sync.amazon import tables
from django_amazon_sync.errors import Unreadable

DE = "A1PA6795UKMFR9"
HEADER = "order\tstatus"


def read(raw: bytes, charset: str = "") -> tuple[list[str], list[str]]:
    with tables.opened(io.BytesIO(raw), charset, DE, "report of orders") as (names, lines):
        return names, list(lines)


def test_the_first_line_names_the_columns_and_blank_ones_are_left_out() -> None:
    raw = f"{HEADER}\r\n\r\n1\tShipped\r\n  \r\n2\t\r\n".encode()
    assert read(raw) == (["order", "status"], ["1\tShipped", "2\t"])


def test_too_many_columns_are_no_table_and_the_words_say_of_what() -> None:
    with pytest.raises(Unreadable, match="is no report of orders"):
        read(b"a\t" * (tables.MOST_COLUMNS + 1))


@pytest.mark.parametrize("charset", ["", "cp1252", "utf-16", "utf-16-le", "utf-32", "shift_jis"])
@pytest.mark.parametrize("ends", ["\n\r", "\r\n", "\n ", "\r "])
def test_no_line_is_without_an_end(charset: str, ends: str) -> None:
    """Where the first ends in another way, or half a letter looks like an end."""
    first, rest = ends[0], ends[1]
    filler = "\u0a0a\u0d0d" if charset.startswith("utf") else "ab"
    written = HEADER + first + "A\t" + (filler + rest) * (2 * tables.LONGEST_LINE)
    raw = written.encode(charset or "utf-8", "replace")
    began = time.process_time()
    tracemalloc.start()
    with (
        suppress(Unreadable),
        tables.opened(io.BytesIO(raw), charset, DE, "table") as (_names, lines),
    ):
        for _line in lines:
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * tables.LONGEST_LINE
    assert time.process_time() - began < 20
