"""Each fault that begins is told in its time, once, and its end as well, in whatever order.

Faults of many kinds begin and end, or come and go; rounds come once a minute or seldom, of a host
whose clock is right, or off for a while; the mail server is away. What the machine knows of alarms
is what docs/alarms.md promises: when each kind is told at the latest, and that nothing is told each
hour. .ci/nightly tells ten times as many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from unittest.mock import patch

import pytest
from django.core import mail
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from django_amazon_sync import clock
from django_amazon_sync.models import Alarm, SellerAccount
from django_amazon_sync.sync import housekeeping
from django_amazon_sync.sync.alerts import alarms
from tests.clocks import Hosts
from tests.examples import examples
from tests.factories_amazon import LiveAccountFactory
from tests.sync.alerts import raising
from tests.sync.alerts.raising import PEOPLE

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

#: A round is once a minute; it may just have been when something begins.
ROUND = 2 * MINUTE

#: What has ended for so long is told to be over.
SETTLES = 15 * MINUTE

#: What a clock left that was ahead is mended within so long after it is right again: a chore looks
#: every ten minutes, and an hour is no fault of a clock.
MENDED_WITHIN = HOUR + 15 * MINUTE


@dataclass(frozen=True)
class Kind:
    """What may go wrong; of one of rows there may be several at once, told together with what
    follows within ``rests``."""

    raised: Callable[[SellerAccount], Callable[[], object]]
    rests: timedelta = timedelta(0)

    @property
    def name(self) -> str:
        return self.raised.__name__

    @property
    def of_rows(self) -> bool:
        return bool(self.rests)


KINDS = (
    Kind(raising.quarantine, rests=HOUR),
    Kind(raising.asking, rests=HOUR),
    Kind(raising.shipment_refused, rests=HOUR),
    Kind(raising.refused, rests=4 * HOUR),
    Kind(raising.drift, rests=4 * HOUR),
    Kind(raising.approval, rests=4 * HOUR),
    Kind(raising.authorise),
    Kind(raising.lacking),
    Kind(raising.selling),
    Kind(raising.stopping),
    Kind(raising.not_sent),
)


@dataclass
class Fault:
    """One that began."""

    kind: Kind
    began: datetime
    mend: Callable[[], object]
    ended: datetime | None = None


@contextmanager
def own_time() -> Iterator[Hosts]:
    hosts = Hosts(datetime(2030, 3, 1, 8, tzinfo=UTC))
    with clock.stood_in_for(hosts, seed=1), patch("django.utils.timezone.now", hosts.now):
        yield hosts


class Alarms(RuleBasedStateMachine):
    """One account with people to tell; all that it needs is in step but for the faults."""

    hosts: Hosts

    @initialize(
        rows=st.sampled_from([kind for kind in KINDS if kind.of_rows]),
        whole=st.sampled_from([kind for kind in KINDS if not kind.of_rows]),
    )
    def begin(self, rows: Kind, whole: Kind) -> None:
        """Few kinds, so that much of each happens."""
        self.rows, self.whole = rows, whole
        SellerAccount.objects.update(alarm_recipients="")  # those of the machines before
        Alarm.objects.all().delete()
        self.hosts.off = timedelta(0)
        self.account = LiveAccountFactory.create(alarm_recipients=PEOPLE, import_orders=False)
        self.faults: list[Fault] = []
        self.away = False
        #: Since when mail leaves and the clock is right; and whether it was always.
        self.well_since = self.hosts.moment
        self.always_right = True
        mail.outbox.clear()

    # --- Faults ----------------------------------------------------------------------------------

    def _open(self, kind: Kind) -> list[Fault]:
        return [one for one in self.faults if one.kind == kind and one.ended is None]

    @rule(of_rows=st.booleans())
    def a_fault_begins(self, of_rows: bool) -> None:
        kind = self.rows if of_rows else self.whole
        if of_rows or not self._open(kind):
            self.faults.append(Fault(kind, self.hosts.moment, kind.raised(self.account)))
            self._round()

    @rule(data=st.data())
    def a_fault_ends(self, data: st.DataObject) -> None:
        if still := [one for one in self.faults if one.ended is None]:
            one = data.draw(st.sampled_from(still))
            one.mend()
            one.ended = self.hosts.moment
            self._round()

    @rule(minutes=st.sampled_from((1, 3, 10, 20)))
    def a_fault_comes_and_goes(self, minutes: int) -> None:
        for _ in range(2):
            self.a_fault_begins(of_rows=False)
            self._pass(minutes)
            for one in self._open(self.whole):
                one.mend()
                one.ended = self.hosts.moment
            self._pass(minutes)

    # --- Time, rounds, mail ----------------------------------------------------------------------

    @rule(minutes=st.sampled_from((1, 5, 16, 70, 250)))
    def time_passes(self, minutes: int) -> None:
        self._pass(minutes)

    @rule()
    def the_mail_server_is_away_for_a_while(self) -> None:
        self.away = True
        self._pass(10)
        self.away = False
        self.well_since = self.hosts.moment

    @rule(hours=st.sampled_from((-30, -2, -0.5, 0.5, 3, 30, 24 * 400)))
    def a_hosts_clock_is_off_for_a_while(self, hours: float) -> None:
        self.hosts.off = timedelta(hours=hours)
        self.always_right = False
        self._pass(10)
        self.hosts.off = timedelta(0)
        self.well_since = self.hosts.moment

    def _pass(self, minutes: float) -> None:
        """With rounds, most of all where something may be due."""
        end = self.hosts.moment + minutes * MINUTE
        while self.hosts.moment < end:
            self.hosts.moment = min(end, self.hosts.moment + max(MINUTE, minutes / 4 * MINUTE))
            self._round(all_chores=self.hosts.moment == end)

    def _round(self, *, all_chores: bool = False) -> None:
        with patch("django_amazon_sync.sync.alerts.alarms.send_mail", self._mail):
            if all_chores:
                housekeeping.keep_house()
            else:
                alarms.ring()
        self._look()

    def _mail(self, subject: str, body: str, _sender: object, _to: list[str]) -> None:
        if self.away:
            raise OSError("Nobody listens.")
        mail.outbox.append(mail.EmailMessage(subject, body))

    # --- What holds ------------------------------------------------------------------------------

    def _look(self) -> None:
        """Nothing is told twice, nothing too late."""
        rows = {row.pk: row for row in Alarm.objects.filter(account=self.account)}
        for kind in (self.rows, self.whole):
            its = [row for row in rows.values() if row.kind == kind.name]
            self._told_once(kind, its)
            self._told_in_time(kind, its)
        assert not {row.kind for row in rows.values()} - {self.rows.name, self.whole.name}

    def _told_once(self, kind: Kind, its: list[Alarm]) -> None:
        """No more alarms of a kind than faults of it, and each is mailed once; what follows within
        its time goes together."""
        begun = [one for one in self.faults if one.kind == kind]
        assert len(its) <= self._times(kind, begun), f"{kind.name}: told without a fault"
        if self.always_right:
            moments = sorted({row.mailed_at for row in its if row.mailed_at})
            soon = [one for one, next_one in pairwise(moments) if next_one - one < kind.rests]
            assert not soon, f"{kind.name}: told again and again, {moments}"
        letters = [str(letter.body) for letter in mail.outbox]
        label = str(Alarm.Kind(kind.name).label)
        ends = sum(body.count(f"Mended: {label}") for body in letters)
        assert ends <= len(begun), f"{kind.name}: {ends} ends of {len(begun)} faults"

    def _times(self, kind: Kind, begun: list[Fault]) -> int:
        """How often it began: what comes back at once was never over."""
        if kind.of_rows or not self.always_right:
            return len(begun)
        gaps = [later.began - (first.ended or later.began) for first, later in pairwise(begun)]
        return len(begun) - sum(gap < SETTLES - ROUND for gap in gaps)

    def _told_in_time(self, kind: Kind, its: list[Alarm]) -> None:
        now = self.hosts.moment
        well_for = now - self.well_since
        if self.away or self.hosts.off or well_for < MENDED_WITHIN + SETTLES:
            return
        late = kind.rests + ROUND
        old = [one for one in self._open(kind) if now - one.began > late + MENDED_WITHIN]
        told = [row for row in its if row.mended_at is None and row.mailed_at is not None]
        assert len(told) >= len(old), f"{kind.name}: {len(old)} are old, {len(told)} are told"
        if not self._open(kind):
            ended = [one.ended for one in self.faults if one.kind == kind and one.ended]
            if ended and now - max(ended) > SETTLES + ROUND + MENDED_WITHIN:
                unsaid = [row for row in its if row.mailed_at and row.end_told_at is None]
                assert not unsaid, f"{kind.name}: its end is not told"
                assert all(row.mended_at for row in its), f"{kind.name}: it does not end"

    def teardown(self) -> None:
        """A day later all is told; and nothing more in the day after."""
        if not hasattr(self, "faults"):
            return
        self._pass(24 * 60)
        before = len(mail.outbox)
        self._pass(24 * 60)
        assert len(mail.outbox) == before, [str(one.body) for one in mail.outbox[before:]]
        untold = Alarm.objects.filter(account=self.account, mended_at=None, mailed_at=None)
        assert not untold.exists()


@pytest.mark.django_db
@pytest.mark.any_database
def test_each_fault_is_told_in_time_once_and_so_is_its_end() -> None:
    with own_time() as hosts:

        class Machine(Alarms):
            def __init__(self) -> None:
                super().__init__()
                self.hosts = hosts

        run_state_machine_as_test(
            Machine,
            settings=settings(
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                max_examples=examples(6),
                stateful_step_count=10,
                suppress_health_check=list(HealthCheck),
            ),
        )
