"""Run the benchmarks and print their ratios: ``make bench``, or ``make bench ARGS="diff --quick"``.

Each holds something of this package against the least that anybody would need for the same, in
one run on one machine, in turns. The ratios are in docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = (
    "diff", "rules", "feeds", "settle", "report", "order_report", "whole", "orders", "calls",
    "lists",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*BENCHMARKS, []], help="all, if none is named")
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, one round")
    asked = parser.parse_args()

    set_up()
    from benchmarks.ground import in_child

    print(in_child(machine))
    print("\n| benchmark | ours | held against | ratio | aim | memory |")
    print("|---|---|---|---|---|---|")
    remarks = []
    for name in asked.only or BENCHMARKS:
        for row in import_module(f"benchmarks.{name}").measure(quick=asked.quick):
            times = f"{row.ours:.3g} s | {row.held_against:.3g} s"
            memory = "" if row.memory is None else f"{row.memory:.0f} MiB"
            print(
                f"| {row.what} | {times} | {row.ratio:.2f} | {row.aim:g} | {memory} |", flush=True
            )
            remarks += [f"- {row.what}: {row.remark}"] if row.remark else []
    print("\n" + "\n".join(remarks))


def set_up() -> None:
    """Django with the benchmarks' settings."""
    sys.path[:0] = [str(ROOT), str(ROOT / "example_project")]
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    import django

    django.setup()


def machine() -> str:
    """What the figures were taken on, without names."""
    import django
    from django.db import connection

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    if connection.vendor == "sqlite":
        from sqlite3 import sqlite_version as version
    else:
        with connection._nodb_cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0].split()[0]
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB; Python {platform.python_version()}, "
        f"Django {django.__version__}, {connection.display_name} {version}"
    )


if __name__ == "__main__":
    main()
