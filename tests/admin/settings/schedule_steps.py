"""Steps of whoever sets a schedule."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from django_amazon_sync.models import Job, Schedule
from tests.admin.conftest import Staff
from tests.factories_amazon import LiveAccountFactory


def schedule_of(job: Job = Job.IMPORT_ORDERS) -> Schedule:
    account = LiveAccountFactory.create(import_orders=True)
    return account.schedules.get(job=job)


def save(staff: Staff, schedule: Schedule, number: object, unit: str, **more: Any) -> Any:
    due = timezone.localtime(schedule.next_due)
    day, clock = due.strftime("%Y-%m-%d"), due.strftime("%H:%M:%S")
    data = {
        "active": "on", "every_0": number, "every_1": unit,
        "next_due_0": day, "next_due_1": clock,
        "initial-next_due_0": day, "initial-next_due_1": clock, **more,
    }  # fmt: skip
    return staff.save(Schedule, schedule.pk, **data)
