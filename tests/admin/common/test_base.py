"""What all screens share: saves of what was changed, filters that keep to what they say."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync import models
from django_amazon_sync.admin.common.base import marketplace_name
from django_amazon_sync.models import AccountState, Job, SellerAccount
from django_amazon_sync.rules.identifiers import may_be_pk
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    SellerAccountFactory,
    SyncRunFactory,
)
from tests.admin.conftest import Staff, address
from tests.admin.forms import account_form
from tests.factories_amazon import GERMANY, LiveAccountFactory

pytestmark = pytest.mark.django_db


def test_saving_the_page_keeps_what_a_worker_wrote_meanwhile(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form writes the changed columns only, so a pause in between is not undone."""
    account = LiveAccountFactory.create()
    clean = SellerAccount.full_clean

    def paused_meanwhile(row: SellerAccount, *args: Any, **kwargs: Any) -> None:
        SellerAccount.objects.filter(pk=row.pk).update(state=AccountState.PAUSED)
        clean(row, *args, **kwargs)

    monkeypatch.setattr(SellerAccount, "full_clean", paused_meanwhile)
    staff.save(SellerAccount, account.pk, **account_form(account, name="Renamed"))
    account.refresh_from_db()
    assert (account.name, account.state) == ("Renamed", AccountState.PAUSED)


def test_filters_by_account_keep_to_it(staff: Staff) -> None:
    mine, other = SellerAccountFactory.create(), SellerAccountFactory.create()
    runs = {one: SyncRunFactory.create(account=one, job=Job.VERIFY) for one in (mine, other)}
    found = staff.client.get(address(models.SyncRun), {"account": mine.pk}).context["cl"]
    assert list(found.result_list) == [runs[mine]]


def test_a_whole_code_is_found_by_itself_and_a_part_of_it_by_words(staff: Staff) -> None:
    whole = AmazonOrderFactory.create(number="302-0000001-0000001")
    longer = AmazonOrderFactory.create(number="302-0000001-00000012")

    def found(words: str) -> set[models.AmazonOrder]:
        return set(
            staff.client.get(address(models.AmazonOrder), {"q": words}).context["cl"].queryset
        )

    assert found(whole.number) == {whole}
    assert found("302-0000001") == {whole, longer}


@pytest.mark.parametrize("text", ["", "-1", "1.5", "x", "９" * 19, "9" * 19])
def test_what_an_address_holds_is_no_pk_where_no_row_can_have_it(text: str) -> None:
    assert not may_be_pk(text)
    assert may_be_pk("17")


def test_a_marketplace_that_is_not_known_shows_its_id() -> None:
    assert (marketplace_name(GERMANY), marketplace_name("A0NEW")) == ("DE", "A0NEW")
