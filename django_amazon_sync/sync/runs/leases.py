"""The right to do one job at a time, over all processes and hosts.

A lease is a row of two minutes, longer than any single step takes. Each check renews it and
proves that nobody else has taken it: the fencing number grows with each holder. The database's
clock counts, as hosts' clocks differ. A process that died on this host frees its leases; two
containers may share name and process ids, so a host is told by its kernel's namespace as well.
A lease that would last longer than any does is of a clock that was ahead, and lapsed.

It only saves work: that nothing old is sent is what looks are for (sync/listings/looks.py).
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import F, Q

from django_amazon_sync.errors import Busy, Halted
from django_amazon_sync.models import Lease
from django_amazon_sync.sync.runs.database_clock import database_now

LASTS = timedelta(minutes=2)


def lease_key(job: str, account_pk: int) -> str:
    """The lease that a worker holds while it does this job for this account."""
    return f"{job} of account {account_pk}"


class HeldLease:
    """A lease that this process took."""

    def __init__(self, key: str, holder: str, fence: int) -> None:
        self.key = key
        self.holder = holder
        self.fence = fence

    def check(self) -> None:
        """Renew the lease. Raises Halted where another worker took it over."""
        held = Lease.objects.filter(key=self.key, fence=self.fence, holder=self.holder)
        if held.update(expires_at=database_now() + LASTS) != 1:
            raise Halted(f"Another worker took over {self.key}; this one stops.")

    def release(self) -> None:
        """Give the lease back, if it is still ours."""
        held = Lease.objects.filter(key=self.key, fence=self.fence, holder=self.holder)
        held.update(holder="", expires_at=database_now())


@contextmanager
def lease(key: str) -> Iterator[HeldLease]:
    """Hold ``key`` for the block. Raises Busy where another worker holds it."""
    held = take(key)
    if held is None:
        raise Busy(f"Another worker is busy with {key}; try again when it is done.")
    try:
        yield held
    finally:
        held.release()


def take(key: str) -> HeldLease | None:
    """Take the lease, or None while somebody alive holds it."""
    holder = _this_holder()
    Lease.objects.get_or_create(key=key, defaults={"expires_at": database_now()})
    with transaction.atomic():
        free = Lease.objects.filter(_over(LASTS), key=key)
        if not free.update(holder=holder, fence=F("fence") + 1, expires_at=database_now() + LASTS):
            current = Lease.objects.get(key=key)
            if not _died_here(current.holder):
                return None
            dead = Lease.objects.filter(key=key, fence=current.fence)
            if not dead.update(
                holder=holder, fence=F("fence") + 1, expires_at=database_now() + LASTS
            ):
                return None
        return HeldLease(key, holder, Lease.objects.get(key=key).fence)


def turn(key: str, every: timedelta) -> bool:
    """Whether this caller's turn has come to do what is done once in so long; of two one wins."""
    Lease.objects.get_or_create(key=key, defaults={"expires_at": database_now()})
    come = Lease.objects.filter(_over(every), key=key)
    return come.update(expires_at=database_now() + every, fence=F("fence") + 1) == 1


def busy(key: str) -> bool:
    """Whether somebody alive holds the lease."""
    held = Lease.objects.filter(key=key).exclude(_over(LASTS)).first()
    return held is not None and not _died_here(held.holder)


def _over(lasts: timedelta) -> Q:
    """Leases that ran out, or seem to last for longer than they can."""
    now = database_now()
    return Q(expires_at__lte=now) | Q(expires_at__gt=now + lasts)


# --- Who holds it --------------------------------------------------------------------------------

#: Tells this process from all others, whatever they share.
_process = secrets.token_hex(8)


def _forked() -> None:
    global _process
    _process = secrets.token_hex(8)


os.register_at_fork(after_in_child=_forked)


def _this_holder() -> str:
    pid = os.getpid()
    return f"{_this_host()} {pid} {_started(pid)} {_process} {threading.get_ident()}"


def _this_host() -> str:
    """Where process ids are those of this process: the host's name, its kernel's start, and the
    namespace of a container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        ids = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return socket.gethostname()
    return f"{socket.gethostname()}/{boot}/{ids}"


def _died_here(holder: str) -> bool:
    """Whether the holder was a process of this host that has ended."""
    parts = holder.split(" ")
    if len(parts) != 5 or parts[0] != _this_host():
        return False
    pid = int(parts[1])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _started(pid) != parts[2]


def _started(pid: int) -> str:
    """When the process began, in the kernel's ticks, as pids are used again; empty if unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The command name, in brackets, may hold blanks; the start time is the 20th field after it.
    return stat.rpartition(")")[2].split()[19]
