"""Alarms by e-mail: what wants staff is told once, until it is mended.

A round reads what wants staff now, notes what is new, marks what is mended, and mails what was
not mailed yet: one mail for each account. The row is claimed before the mail leaves, so that two
rounds never mail it twice; what the mail server did not take goes with the next round. No mail
holds anything of a buyer.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.apps import apps
from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q, QuerySet
from django.utils.translation import gettext, ngettext

from django_amazon_sync import clock, conf
from django_amazon_sync.models import Alarm, SellerAccount
from django_amazon_sync.sync.alerts.attention import Matter, MatterKind, matters

logger = logging.getLogger("django_amazon_sync.alarms")

#: A worker that claimed an alarm this long ago and did not mail it is dead.
CLAIM_LASTS = timedelta(minutes=15)


#: What tells alarms apart: account, kind and key.
Topic = tuple[int, str, str]


def ring(now: datetime | None = None) -> None:
    """One round: note what wants staff, mark what is mended, mail what is new."""
    now = now or clock.now()
    found = matters(SellerAccount.objects.all(), now=now)
    by_topic = {
        matter.topic: matter
        for those in found.values()
        for matter in those
        if matter.kind in Alarm.Kind.values
    }
    _note(by_topic.values(), now)
    _mail(by_topic, now)


def _note(wanted: Iterable[Matter], now: datetime) -> None:
    """Rows for what is new; those of what is mended are marked so."""
    there = {_topic(alarm): alarm.pk for alarm in Alarm.objects.filter(mended_at=None)}
    new = [matter for matter in wanted if matter.topic not in there]
    Alarm.objects.bulk_create(
        (
            Alarm(account_id=matter.account_pk, kind=str(matter.kind), key=matter.key)
            for matter in new
        ),
        ignore_conflicts=True,  # another round noted it a moment ago
    )
    still = {matter.topic for matter in wanted}
    mended = [pk for topic, pk in there.items() if topic not in still]
    Alarm.objects.filter(pk__in=mended, mended_at=None).update(mended_at=now)


def _mail(by_topic: dict[Topic, Matter], now: datetime) -> None:
    """A mail to each account's people with what they were not told yet."""
    waiting = defaultdict(list)
    rows = _unmailed(now).exclude(account__alarm_recipients="").order_by("pk")
    for alarm in rows.select_related("account").defer("account__refresh_token"):
        if _topic(alarm) in by_topic:
            waiting[alarm.account].append(alarm)
    for account, alarms in waiting.items():
        claimed = [alarm for alarm in alarms if _claim(alarm, now)]
        if claimed:
            told = [by_topic[_topic(alarm)] for alarm in claimed]
            _record(claimed, _sent(account, told))


def _topic(alarm: Alarm) -> Topic:
    return alarm.account_id, alarm.kind, alarm.key


def _unmailed(now: datetime) -> QuerySet[Alarm]:
    free = Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM_LASTS)
    return Alarm.objects.filter(mended_at=None).filter(free, mailed_at=None)


def _claim(alarm: Alarm, now: datetime) -> bool:
    return _unmailed(now).filter(pk=alarm.pk).update(claimed_at=now) == 1


def _record(alarms: list[Alarm], sent: bool) -> None:
    """Whether these were mailed; what was not is free for the next round."""
    rows = Alarm.objects.filter(pk__in=[alarm.pk for alarm in alarms])
    if sent:
        rows.update(mailed_at=clock.now())
    else:
        rows.update(claimed_at=None)


def _sent(account: SellerAccount, told: list[Matter]) -> bool:
    """Mail it; False where that failed, whatever the mail backend is and raises."""
    subject, body = letter(account, told)
    try:
        send_mail(subject, body, None, account.alarm_recipients.split())
    except Exception as fault:  # noqa: BLE001 -- each backend has its own; the next round tries again
        logger.warning(
            "An alarm of account %s was not mailed: %s", account.pk, type(fault).__name__
        )
        return False
    return True


def letter(account: SellerAccount, told: list[Matter]) -> tuple[str, str]:
    """The subject and the text of the mail."""
    name = " ".join(account.name.split())
    subject = ngettext(
        "Amazon, %(account)s: %(number)d thing to do",
        "Amazon, %(account)s: %(number)d things to do",
        len(told),
    ) % {"account": name, "number": len(told)}
    order = list(MatterKind)
    parts = [
        _paragraph(matter) for matter in sorted(told, key=lambda matter: order.index(matter.kind))
    ]
    parts.append(gettext("You are told of each once, until it is mended."))
    return subject, "\n\n".join(parts) + "\n"


def _paragraph(matter: Matter) -> str:
    return "\n".join(filter(None, (matter.sentence, absolute(matter.path))))


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
