"""HTTP sessions: one for each thread of each process, that holds nothing."""

import os
import threading
from pathlib import Path

import pytest

from django_amazon_sync.amazon import sessions
from django_amazon_sync.amazon.client import Client

from .conftest import Reply, ScriptedServer, get


def test_netrc_and_cookies_are_left_out(
    server: ScriptedServer, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers(Reply.of(200, {}, Set_Cookie="session=1; Path=/"))
    get(client)
    get(client)
    assert all("authorization" not in seen.headers for seen in server.seen)
    assert all("cookie" not in seen.headers for seen in server.seen)


def test_a_session_belongs_to_one_thread_and_one_process() -> None:
    mine = sessions.session()
    assert sessions.session() is mine
    theirs = []
    thread = threading.Thread(target=lambda: theirs.append(sessions.session()))
    thread.start()
    thread.join()
    assert theirs[0] is not mine
    child = os.fork()
    if child == 0:
        os._exit(0 if sessions.session() is not mine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
