"""``make audit``: what is vulnerable or secret fails it, and what nobody answers does not."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).resolve().parent.parent


# --- Vulnerabilities ------------------------------------------------------------------------------


class Advisories(BaseHTTPRequestHandler):
    """A service as OSV's: no package is vulnerable but the one that is named."""

    vulnerable = ""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = {"id": "PYSEC-2000-1", "summary": "Made up.", "affected": [], "aliases": []}
        bad = asked["package"]["name"] == self.vulnerable
        body = json.dumps({"vulns": [found]} if bad else {}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def osv() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Advisories)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()


def audit(url: str) -> subprocess.CompletedProcess[str]:
    service = {"PIP_AUDIT_VULNERABILITY_SERVICE": "osv", "PIP_AUDIT_OSV_URL": url}
    return subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "vulnerabilities.py")],
        env={**os.environ, **service}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_what_is_known_to_be_vulnerable_fails_the_audit(
    osv: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Advisories, "vulnerable", "boto3")  # which only an extra brings
    done = audit(osv)
    assert done.returncode == 1, done.stderr
    assert "boto3" in done.stderr
    assert "PYSEC-2000-1" in done.stderr


def test_all_that_the_package_needs_is_audited(osv: str) -> None:
    done = audit(osv)
    assert done.returncode == 0, done.stderr
    count, _space, rest = done.stdout.partition(" ")
    assert rest == "packages audited, 0 vulnerable.\n"
    assert int(count) > 30


def test_a_service_that_cannot_be_reached_is_said_and_is_no_failure() -> None:
    done = audit("http://127.0.0.1:9/v1/query")
    assert done.returncode == 0
    assert done.stderr.startswith("NOT AUDITED: ")
    assert done.stdout == ""


# --- Secrets --------------------------------------------------------------------------------------

LONG = hashlib.sha256(b"no secret").hexdigest()

#: One a line; made here, so that this file holds none.
SECRETS = {
    "client secret": "client = 'amzn1.oa2-cs.v1." + LONG + "'",
    "refresh token": "# AMAZON_LWA_REFRESH_TOKEN=Atzr|" + LONG,
    "access token": "sent = {'x-amz-access-token': 'Atza|" + LONG + "'}",
    "encryption key": f"keys = ['{base64.urlsafe_b64encode(bytes.fromhex(LONG)).decode()}']",
    "Amazon's cloud": "cloud = 'AKIA" + LONG[:16].upper() + "'",
}


def scan(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("detect-secrets-hook")), "--no-verify",
            "--baseline", ".secrets.baseline", str(file),
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_planted_secrets_are_found(tmp_path: Path) -> None:
    file = tmp_path / "planted.py"
    file.write_text("\n".join(SECRETS.values()))
    done = scan(file)
    assert done.returncode == 1
    found = {int(line) for line in re.findall(r"planted\.py:(\d+)", done.stdout + done.stderr)}
    assert [kind for line, kind in enumerate(SECRETS, 1) if line not in found] == []


def test_a_file_without_a_secret_passes(tmp_path: Path) -> None:
    file = tmp_path / "plain.py"
    file.write_text(
        "REFRESH_TOKEN = os.environ['AMAZON_LWA_REFRESH_TOKEN']\nseller = 'Atzr|short'\n"
    )
    assert scan(file).returncode == 0
