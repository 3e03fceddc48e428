"""HTTP sessions: one for each thread of each process, holding connections and nothing else.

A session that was inherited by fork shares its sockets with the parent, so that answers would go
astray; hence the look at the process id.
"""

from __future__ import annotations

import os
import threading
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

_local = threading.local()
_stand_ins: dict[str, BaseAdapter] = {}


def stand_in(beginning: str, adapter: BaseAdapter) -> None:
    """Let an adapter answer each address that begins so, in every thread; for tests."""
    _stand_ins[beginning] = adapter


class _Session(requests.Session):
    def get_adapter(self, url: str) -> BaseAdapter:
        for beginning, adapter in _stand_ins.items():
            if url.startswith(beginning):
                return adapter
        return super().get_adapter(url)


def session() -> requests.Session:
    """The session of this thread: no cookies, no .netrc, no retries of its own."""
    if getattr(_local, "pid", None) != os.getpid():
        _local.session, _local.pid = _new_session(), os.getpid()
    current: requests.Session = _local.session
    return current


def _new_session() -> requests.Session:
    new = _Session()
    new.auth = _leave_alone
    new.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Retries belong to rows: a write that is silently sent twice could not be accounted for.
    for scheme in ("https://", "http://"):
        new.mount(scheme, HTTPAdapter(max_retries=0))
    return new


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stands where requests would otherwise put an Authorization header from .netrc."""
    return request
