"""A number and a unit, or a day: what is typed is what is meant."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.admin.settings.periods import EveryField, in_words, number_and_unit
from django_amazon_sync.models import OrderWindow, Schedule, SellerAccount
from django_amazon_sync.testing.factories import SellerAccountFactory
from tests.admin.conftest import Staff
from tests.admin.forms import account_form
from tests.admin.settings.schedule_steps import save, schedule_of
from tests.factories_amazon import ORDERED

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("number", "unit", "period"),
    [(3, "minutes", timedelta(minutes=3)), (2, "weeks", timedelta(weeks=2)),
     (365, "days", timedelta(days=365))],
)  # fmt: skip
def test_a_period_is_a_number_and_a_unit(
    staff: Staff, number: int, unit: str, period: timedelta
) -> None:
    schedule = schedule_of()
    assert save(staff, schedule, number, unit).status_code == 302
    schedule.refresh_from_db()
    assert schedule.every == period


@pytest.mark.parametrize(
    ("number", "unit"), [(0, "hours"), (-5, "minutes"), (53, "weeks"), ("soon", "days"), ("", "")]
)
def test_a_period_that_makes_no_sense_is_refused_at_its_field(
    staff: Staff, number: object, unit: str
) -> None:
    schedule = schedule_of()
    response = save(staff, schedule, number, unit)
    assert response.status_code == 200
    assert "every" in response.context["adminform"].form.errors
    assert Schedule.objects.get(pk=schedule.pk).every == schedule.every


@given(st.integers(1, 525_600).map(lambda minutes: timedelta(minutes=minutes)))
def test_what_the_field_shows_is_what_it_reads(period: timedelta) -> None:
    number, unit = number_and_unit(period)
    assert EveryField().clean([str(number), unit]) == period


def test_a_period_in_words() -> None:
    assert in_words(timedelta(minutes=1)) == "1 minute"
    assert in_words(timedelta(days=14)) == "2 weeks"
    assert in_words(timedelta(minutes=90)) == "90 minutes"


@pytest.mark.parametrize(("choice", "days"), [("day", 1), ("week", 7), ("month", 30)])
def test_the_first_import_looks_back(staff: Staff, choice: str, days: int) -> None:
    account = SellerAccountFactory.create()
    staff.save(SellerAccount, account.pk, **account_form(account, orders_since_0=choice))
    account.refresh_from_db()
    assert account.orders_since is not None
    assert abs(timezone.now() - timedelta(days=days) - account.orders_since) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("day", "sentence"),
    [("2999-01-01", "This day has not come yet."), ("2001-01-01", "Amazon shows no orders from"),
     ("", "Choose the date to look back to."), ("soon", "Enter a valid date.")],
)  # fmt: skip
def test_a_day_that_amazon_does_not_have_is_refused(staff: Staff, day: str, sentence: str) -> None:
    account = SellerAccountFactory.create()
    form = account_form(account, orders_since_0="date", orders_since_1=day)
    response = staff.save(SellerAccount, account.pk, **form)
    assert sentence in str(response.context["adminform"].form.errors["orders_since"])
    account.refresh_from_db()
    assert account.orders_since is None


def test_once_orders_were_imported_there_is_no_looking_back(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    OrderWindow.objects.create(account=account, start=ORDERED)
    assert "The first import has begun" in staff.see(SellerAccount, account.pk)
