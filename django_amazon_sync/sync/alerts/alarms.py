"""Alarms by e-mail: what wants staff is told once, and once more when it is over.

A round reads what wants staff now, notes what is new, marks what is mended, and mails what was
not mailed yet: one mail for each account. Each order, shipment and listing that wants staff is an
alarm of its own, so that one old one silences none; the mail counts them. More of a kind that was
mailed of late waits a while, so that it goes in one mail. An alarm is claimed before the mail
leaves, so that two rounds never mail it twice; what the mail server did not take goes with the
next round. No mail holds anything of a buyer.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.apps import apps
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.models import AccountState, Alarm, Job, Lack, SellerAccount
from django_amazon_sync.sync.alerts.attention import Matter, MatterKind, matters
from django_amazon_sync.sync.runs.bulk import chunks

logger = logging.getLogger("django_amazon_sync.alarms")

#: A worker that claimed an alarm this long ago and did not mail it is dead.
CLAIM_LASTS = timedelta(minutes=15)

#: What is away for less than this is not over: it comes and goes.
SETTLES = timedelta(minutes=15)

#: How long a kind has to last before it is mailed, where it is not told at once.
LASTS = {
    MatterKind.ORDERS_STALE: timedelta(minutes=10),
    MatterKind.OBSERVING: timedelta(days=1),  # whoever connected it knows
}

#: After a mail about rows of a kind, more of them wait for so long, to be told together.
RESTS, RESTS_LONGER = timedelta(hours=1), timedelta(hours=4)
LESS_PRESSING = {
    MatterKind.SHIP_BY,
    MatterKind.SHIPMENT_INCOMPLETE,
    MatterKind.APPROVAL,
    MatterKind.REFUSED,
    MatterKind.CLAIMED,
    MatterKind.DRIFT,
}

#: The kinds of which each key is a thing of its own, which is over by itself.
BY_KEY = (MatterKind.AUTHORISE, MatterKind.SELLING, MatterKind.LACKING, MatterKind.STOPPING)

#: Alarms that are changed in one statement.
ALARMS_PER_CHUNK = 1000

#: What tells alarms apart: account, kind and key.
Topic = tuple[int, str, str]


def ring(now: datetime | None = None) -> None:
    """One round: note what wants staff, mark what is mended, mail what is new or over."""
    now = now or clock.now()
    wanted = _wanted(now)
    _note(wanted, now)
    begun, over = _to_tell(wanted, now), _over(now)
    listening = SellerAccount.objects.exclude(alarm_recipients="").defer("refresh_token")
    for account in listening.filter(pk__in={*begun, *over}).order_by("pk"):
        _tell(account, begun[account.pk], over[account.pk], wanted, now)


def _wanted(now: datetime) -> dict[Topic, Matter]:
    """What wants staff: one topic for each row that a matter is about, or for the matter."""
    by_account = matters(SellerAccount.objects.all(), now=now)
    found = [matter for those in by_account.values() for matter in those]
    wanted = {matter.topic: matter for matter in found if matter.subjects is None}
    counting = {matter.topic: matter for matter in found if matter.subjects is not None}
    kinds = {matter.subjects: str(matter.kind) for matter in counting.values() if matter.subjects}
    for subjects, kind in kinds.items():
        for account, key, name in subjects():
            matter = counting.get((account, kind, key))
            if matter is not None:  # it was counted a moment ago
                wanted[account, kind, f"{key} {name}".strip()] = matter
    return wanted


# --- Rows ----------------------------------------------------------------------------------------


def _note(wanted: Collection[Topic], now: datetime) -> None:
    """Alarms for what is new; those of what is mended are marked so.

    What was away for a moment only is the same as before.
    """
    back = Alarm.objects.filter(mended_at__gt=now - SETTLES, end_told_at=None)
    again = [pk for topic, pk in _by_topic(back).items() if topic in wanted]
    open_ones = _by_topic(Alarm.objects.filter(mended_at=None))
    for pks in chunks(again, ALARMS_PER_CHUNK):
        with transaction.atomic():
            still = Alarm.objects.filter(mended_at=None)
            taken = still.filter(
                account=OuterRef("account"), kind=OuterRef("kind"), key=OuterRef("key")
            )
            Alarm.objects.filter(~Exists(taken), pk__in=pks).update(mended_at=None)
    there = open_ones | _by_topic(Alarm.objects.filter(pk__in=again)) if again else open_ones
    Alarm.objects.bulk_create(
        (
            Alarm(account_id=account, kind=kind, key=key, noted_at=now)
            for account, kind, key in wanted
            if (account, kind, key) not in there
        ),
        batch_size=ALARMS_PER_CHUNK,
        ignore_conflicts=True,  # another round noted it a moment ago
    )
    mended = [pk for topic, pk in open_ones.items() if topic not in wanted]
    for pks in chunks(mended, ALARMS_PER_CHUNK):
        Alarm.objects.filter(pk__in=pks, mended_at=None).update(mended_at=now)


def _by_topic(alarms: QuerySet[Alarm]) -> dict[Topic, int]:
    rows = alarms.order_by("pk").values_list("pk", "account", "kind", "key")
    return {(account, kind, key): pk for pk, account, kind, key in rows}


# --- What is to be told --------------------------------------------------------------------------


def _unclaimed(now: datetime) -> Q:
    return Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM_LASTS)


def _untold(now: datetime) -> QuerySet[Alarm]:
    return Alarm.objects.filter(_unclaimed(now), mended_at=None, mailed_at=None)


def _untold_ends(now: datetime) -> QuerySet[Alarm]:
    mended = Alarm.objects.filter(_unclaimed(now), mended_at__lte=now - SETTLES, end_told_at=None)
    return mended.exclude(mailed_at=None)


def _to_tell(wanted: dict[Topic, Matter], now: datetime) -> dict[int, list[int]]:
    """The alarms (pk) whose beginning is to be mailed now, by account."""
    found: dict[int, list[int]] = defaultdict(list)
    mailed = _last_mailed(now)
    rows = _untold(now).exclude(account__alarm_recipients="").order_by("pk")
    for pk, account, kind, key, since in rows.values_list(
        "pk", "account", "kind", "key", "noted_at"
    ):
        matter = wanted.get((account, kind, key))
        if matter is None or (since or now) > now - LASTS.get(matter.kind, timedelta(0)):
            continue
        rests = RESTS_LONGER if matter.kind in LESS_PRESSING else RESTS
        last = mailed.get((account, kind))
        if matter.subjects is None or last is None or last <= now - rests:
            found[account].append(pk)
    return found


def _last_mailed(now: datetime) -> dict[tuple[int, str], datetime]:
    lately = Alarm.objects.filter(mailed_at__gt=now - RESTS_LONGER, mailed_at__lte=now)
    rows = lately.order_by().values_list("account", "kind").annotate(last=Max("mailed_at"))
    return {(account, kind): last for account, kind, last in rows}


def _over(now: datetime) -> dict[int, list[int]]:
    """The alarms (pk) whose end is to be mailed now, by account: those of a kind together, once
    none is left. Of an account that staff deactivated nothing is told."""
    found: dict[int, list[int]] = defaultdict(list)
    others = Alarm.objects.filter(account=OuterRef("account"), kind=OuterRef("kind"))
    left = others.filter(Q(mended_at=None) | Q(mended_at__gt=now - SETTLES))
    over = Q(~Exists(left.filter(key=OuterRef("key"))), kind__in=BY_KEY) | Q(
        ~Exists(left), ~Q(kind__in=BY_KEY)
    )
    rows = _untold_ends(now).filter(over).exclude(account__alarm_recipients="")
    rows = rows.exclude(account__state=AccountState.DISCONNECTED, account__deactivated=True)
    for account, pk in rows.order_by("pk").values_list("account", "pk"):
        found[account].append(pk)
    return found


# --- Mails ---------------------------------------------------------------------------------------


def _tell(
    account: SellerAccount,
    begun: list[int],
    over: list[int],
    wanted: dict[Topic, Matter],
    now: datetime,
) -> None:
    """One mail to an account's people, of what this round could claim."""
    begins, ends = _claim(_untold(now), begun, now), _claim(_untold_ends(now), over, now)
    if not (begins or ends):
        return
    told = Counter(wanted[alarm.account_id, alarm.kind, alarm.key] for alarm in begins)
    mended = dict.fromkeys(map(_what_ended, ends))
    sent = _sent(account, letter(account, told, list(mended)))
    _record(begins, "mailed_at", now if sent else None)
    _record(ends, "end_told_at", now if sent else None)


def _claim(alarms: QuerySet[Alarm], pks: list[int], now: datetime) -> list[Alarm]:
    """Those of the alarms (pk) that nobody else has claimed meanwhile."""
    claimed: list[Alarm] = []
    for some in chunks(pks, ALARMS_PER_CHUNK):
        with transaction.atomic():
            free = list(alarms.filter(pk__in=some).order_by("pk").select_for_update())
            Alarm.objects.filter(pk__in=[alarm.pk for alarm in free]).update(claimed_at=now)
        claimed += free
    return claimed


def _record(alarms: list[Alarm], column: str, moment: datetime | None) -> None:
    """When these were mailed; what was not is free for the next round."""
    for some in chunks(alarms, ALARMS_PER_CHUNK):
        rows = Alarm.objects.filter(pk__in=[alarm.pk for alarm in some])
        rows.update(claimed_at=None, **({column: moment} if moment else {}))


def _sent(account: SellerAccount, mail: tuple[str, str]) -> bool:
    """Mail it; False where that failed, whatever the mail backend is and raises."""
    try:
        send_mail(*mail, None, account.alarm_recipients.split())
    except Exception as fault:  # noqa: BLE001 -- each backend has its own; the next round tries again
        logger.warning(
            "An alarm of account %s was not mailed: %s", account.pk, type(fault).__name__
        )
        return False
    return True


def letter(account: SellerAccount, told: Counter[Matter], mended: list[str]) -> tuple[str, str]:
    """The subject and the text of a mail: matters with how many of each are new, and what is
    mended."""
    order = list(MatterKind)
    parts = [
        _paragraph(matter, told[matter])
        for matter in sorted(told, key=lambda matter: (order.index(matter.kind), matter.key))
    ]
    parts += [gettext("Mended: %(what)s.") % {"what": what} for what in mended]
    parts.append(gettext("You are told of each once, and once more when it is mended."))
    return _subject(account, len(told), len(mended)), "\n\n".join(parts) + "\n"


def _subject(account: SellerAccount, to_do: int, mended: int) -> str:
    values = {"account": " ".join(account.name.split()), "number": to_do or mended}
    if to_do:
        text = ngettext(
            "Amazon, %(account)s: %(number)d thing to do",
            "Amazon, %(account)s: %(number)d things to do",
            to_do,
        )
    else:
        text = ngettext(
            "Amazon, %(account)s: %(number)d thing mended",
            "Amazon, %(account)s: %(number)d things mended",
            mended,
        )
    return text % values


def _paragraph(matter: Matter, new: int) -> str:
    some = new < matter.number and matter.subjects is not None
    how_many = ngettext("%(number)d of them is new.", "%(number)d of them are new.", new)
    said = f"{matter.sentence} {how_many % {'number': new}}" if some else matter.sentence
    return "\n".join(filter(None, (said, absolute(matter.path))))


def _what_ended(alarm: Alarm) -> str:
    """Such as "Amazon refuses access (Orders, Amazon.fr)"."""
    label, what = Alarm.Kind(alarm.kind).label, part_of(alarm)
    return f"{label} ({what})" if what else str(label)


def part_of(alarm: Alarm) -> str:
    """The job, or the part and the store, that an alarm is about; empty where it is of rows."""
    what: list[str] = []
    if alarm.kind == Alarm.Kind.STOPPING and alarm.key in Job:
        what = [str(Job(alarm.key).label)]
    elif alarm.kind in BY_KEY:
        what = _part_and_store(alarm.key)
    return str(capfirst(", ".join(what)))


def _part_and_store(key: str) -> list[str]:
    """What the key of a lack names, in words; the store is missing where it is of all."""
    part, _space, marketplace = key.partition(" ")
    what = [str(Lack.Part(part).label)] if part in Lack.Part else []
    if what and marketplace in MARKETPLACES:
        what.append(MARKETPLACES[marketplace].store_name)
    return what


def absolute(path: str) -> str:
    """The whole address of a page of this project; empty where its host is not known."""
    base = conf.get("ADMIN_URL") or _site()
    return urljoin(base, path) if base and path else ""


def _site() -> str:
    if not apps.is_installed("django.contrib.sites"):
        return ""
    from django.contrib.sites.models import Site  # importing it needs the app

    site = Site.objects.filter(pk=getattr(settings, "SITE_ID", 0)).first()
    return f"https://{site.domain}" if site else ""
