"""Behind a pooler that gives each transaction another connection, as pgbouncer does."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from django_amazon_sync.errors import Unexpected
from django_amazon_sync.models import Job, Outcome, RunState, SellerAccount
from django_amazon_sync.sync.restored import restore
from django_amazon_sync.sync.runs.work import isolated
from tests.world import World, lines_of, shop_order

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no poolers"),
    pytest.mark.skipif(not shutil.which("pgbouncer"), reason="pgbouncer is not installed"),
]

#: Connections that the pooler has to the database, and takes in turn.
SERVERS = 2


@pytest.fixture
def pooler(transactional_db: None) -> Iterator[None]:
    """The database of this test, reached through pgbouncer, which ends with the test."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = connection.settings_dict
    server = f"host={given['HOST']} port={given['PORT'] or 5432} user={given['USER']}"
    password = f" password={given['PASSWORD']}" if given["PASSWORD"] else ""
    # In a folder that it can read: it does not run as root.
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = {server}{password}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
        f"default_pool_size = {SERVERS}\nserver_round_robin = 1\n"
        "ignore_startup_parameters = options\n"
    )
    as_user = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen(["pgbouncer", "-q", *as_user, str(settings)])
    direct = given["HOST"], given["PORT"]
    try:
        connection.close()
        given["HOST"], given["PORT"] = "127.0.0.1", str(port)
        _wait_for(port)
        _use_every_server()
        yield
    finally:
        connection.close()
        given["HOST"], given["PORT"] = direct
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def _wait_for(port: int) -> None:
    for _attempt in range(100):
        with socket.socket() as trial:
            trial.settimeout(0.1)
            if not trial.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    raise AssertionError("pgbouncer does not answer")


def _use_every_server() -> None:
    """Transactions at the same time: from then on each next one has another connection."""
    together = Barrier(SERVERS)

    def use_one() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            together.wait(timeout=20)
        connection.close()

    threads = [Thread(target=use_one) for _number in range(SERVERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_each_transaction_has_another_connection(pooler: None) -> None:
    """Else the tests below could not fail."""
    assert len({backend() for _number in range(4)}) == SERVERS
    with pytest.raises(Exception, match="cursor") as told:
        list(SellerAccount.objects.iterator())
    assert "set DISABLE_SERVER_SIDE_CURSORS" in str(Unexpected.from_fault(told.value))


def test_every_job_is_done(
    connect: Callable[..., World], pooler: None, admin_client: Client
) -> None:
    world = connect()
    record = world.sell("MUG", quantity=9)
    world.sell("CUP", quantity=3)
    world.list_on_amazon("PLATE", price="5.00", quantity=1)
    assert world.export().state == RunState.DONE
    number = world.buy("MUG", 2)
    imported = world.import_orders()
    assert lines_of(imported, "outcome", "order_number") == [(Outcome.PLACED, number)]
    record.delete()
    runs = [world.send_changes(), world.export(), world.verify(), world.confirm_shipments()]
    runs += [world.do(Job.MATCH)]
    assert {run.state for run in runs if run.pk} <= {RunState.DONE, RunState.QUEUED}
    assert world.live("MUG").quantity == 0
    assert shop_order(number).num_items == 2
    path = f"/admin/django_amazon_sync/runline/lines.csv?run={imported.pk}"
    rows: Any = admin_client.get(path, follow=True)
    assert number.encode() in b"".join(rows.streaming_content)
    assert restore(world.account).listings >= 2


def test_a_write_to_a_replica_is_named(pooler: None) -> None:
    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        SellerAccount.objects.update(name="x")

    with pytest.raises(Unexpected, match="takes no writes: DATABASE_ROUTERS or HOST leads to"):
        isolated(write)
