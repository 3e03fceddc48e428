"""The main job as a demonstration: a shop and a simulated Amazon are brought in step.

Needs Python and the virtual environment, nothing else: SQLite under var/demo/, and the simulator
as a process of its own. Ends with a table of what the shop and Amazon say, each asked by itself;
then serves the shop and its admin until Ctrl-C. With ``--once`` it ends after the table, with
exit status 0 only if all of it held.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MANAGE = HERE / "manage.py"
VAR = HERE / "var" / "demo"

#: While the shop is served: seconds between two ticks, two random orders, two imports of them: more
#: of these than Amazon permits would soon wait for its limits.
TICK_EVERY, BUY_EVERY, IMPORT_EVERY = 5, 40, 120

#: While the shop is served: seconds until this Amazon shows what it took, and makes a report.
AMAZONS_SECONDS = {"live_delay": 5, "shipment_delay": 5, "feed_time": 5, "report_time": 10}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--once", action="store_true", help="end after the table")
    parser.add_argument("--port", type=int, default=0, help="port of the shop; default: a free one")
    options = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a file or a pipe shows it while it runs, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that children are ended, too
    began = time.monotonic()
    prepare_environment()
    with simulator() as amazon:
        os.environ["AMAZON_SP_API_ENDPOINT"] = amazon["regional_endpoint"]
        os.environ["AMAZON_LWA_ENDPOINT"] = amazon["lwa_endpoint"]
        os.environ["AMAZON_SELLER_CENTRAL"] = amazon["seller_central"]
        held = tell(amazon)
        print(f"\n{time.monotonic() - began:.0f} seconds.")
        if options.once or not held:
            return 0 if held else 1
        serve(amazon, options.port or free_port())
    return 0


def prepare_environment() -> None:
    """A fresh database, and settings that do not depend on who runs this."""
    shutil.rmtree(VAR, ignore_errors=True)
    VAR.mkdir(parents=True)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings",
        DEBUG="1",
        DATABASE_URL=f"sqlite:///{VAR / 'shop.sqlite3'}",
        REDIS_URL="",
        CELERY_BROKER_URL="",
        ALLOWED_HOSTS="127.0.0.1",
        OSCAR_DEFAULT_CURRENCY="EUR",
        NO_PROXY="127.0.0.1",
        no_proxy="127.0.0.1",
        AMAZON_DEPLOYMENT="demo",
        AMAZON_DRIFT_AFTER="2",
    )
    sys.path.insert(1, str(HERE.parent))


@contextmanager
def simulator() -> Iterator[dict[str, Any]]:
    """The simulated Amazon in a process of its own: its endpoints and its sellers."""
    command = ["amazon_simulator", "--port", "0", "--format", "json", "--orders-per-hour", "0"]
    # In a session of its own, so that Ctrl-C reaches this process alone, which then ends it.
    process = subprocess.Popen(
        [sys.executable, str(MANAGE), *command],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        if not (about := process.stdout.readline()):
            sys.exit("The simulator did not start; see above.")
        yield json.loads(about)
    finally:
        end(process)


def tell(amazon: dict[str, Any]) -> bool:
    """Tell the story, print the table; whether all of it held."""
    import django

    django.setup()
    from demo_story import Story
    from demo_table import compare, print_table

    story = Story(amazon)
    story.tell()
    rows = compare(story)
    print_table(rows)
    return all(row.holds for row in rows)


# --- Serving -------------------------------------------------------------------------------------


def serve(amazon: dict[str, Any], port: int) -> None:
    """Serve the shop and its admin until Ctrl-C, while buyers buy and ticks do what is due."""
    from demo_story import PASSWORD, USER, addresses

    command = [sys.executable, str(MANAGE), "runserver", "--noreload", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    stop = threading.Event()
    ticking = threading.Thread(target=keep_ticking, args=(amazon, stop))
    ticking.start()
    print()
    for what, path in addresses():
        print(f"{what:<38} http://127.0.0.1:{port}{path}")
    print(f"User {USER}, password {PASSWORD}. Buyers keep buying; Ctrl-C ends it all.")
    try:
        process.wait()
    except KeyboardInterrupt:
        print("\nEnding.")
    finally:
        stop.set()
        end(process)
        ticking.join()


def keep_ticking(amazon: dict[str, Any], stop: threading.Event) -> None:
    """What Celery's beat and worker would do, and now and then a buyer at Amazon."""
    from demo_story import manage

    from django_amazon_sync.models import Job, Schedule
    from django_amazon_sync.testing.simulator import SimulatorControl

    SimulatorControl(amazon["endpoint"]).switch(**AMAZONS_SECONDS)
    orders = Schedule.objects.filter(job=Job.IMPORT_ORDERS)
    orders.update(every=timedelta(seconds=IMPORT_EVERY), next_due=datetime.now(UTC))
    next_buyer = time.monotonic()
    while not stop.wait(TICK_EVERY):
        if time.monotonic() > next_buyer:
            next_buyer = time.monotonic() + BUY_EVERY
            SimulatorControl(amazon["endpoint"]).let_buyers_buy(1, "eu")
        manage("amazon_tick", quiet=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
