"""Several partners in one shop: the people of each meet nothing of another's, wherever they ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from django_amazon_sync.models import Erasure, Outcome, PersonalDataView, SellerAccount, SyncRun
from django_amazon_sync.models.fields import EncryptedJSONField, EncryptedTextField
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    MarketplaceFactory,
    RunLineFactory,
    SellerSkuFactory,
    ShipmentFactory,
    SyncRunFactory,
)
from tests import factories
from tests.admin import permission_table as table
from tests.admin.conftest import address
from tests.admin.people import MODELS, all_permissions, client_with, short, tried, url_of
from tests.factories_amazon import (
    AlarmFactory,
    ListingInStepFactory,
    LiveAccountFactory,
    ProposalFactory,
    SubmissionFactory,
    TaxRecordFactory,
)

pytestmark = pytest.mark.django_db

#: Stands in everything that is of the other partner, and may stand on no page.
SECRET = "OTHERS-OWN"

#: Models whose rows are of no account, and of which a partner's people see none.
OF_NO_ACCOUNT = {"application", "exchangerate"}

#: Pages of the shop's products, which show of each account what whoever asks may see.
PRODUCTS = {"dashboard:amazon-product", "django_amazon_sync_product"}


def fill(account: SellerAccount, name: str) -> dict[str, Model]:
    """A row of every model that is of this account, by the model's name."""
    place = MarketplaceFactory.create(account=account)
    sku = SellerSkuFactory.create(account=account, sku=f"{name}-SKU")
    listing = ListingInStepFactory.create(
        marketplace=place, sku=sku, title=f"{name} title", held={"price": "1.00 EUR"}
    )
    run = SyncRunFactory.create(account=account, counts={"held": 1}, reason=f"{name} reason")
    line = RunLineFactory.create(
        run=run, outcome=Outcome.HELD, sku=sku.sku, message=f"{name} message"
    )
    order = AmazonOrderFactory.create(
        placed=True,
        account=account,
        number=f"{name}-1",
        cancellation_requested=True,
        lines__sku=sku.sku,
    )
    rows: tuple[Model, ...] = (
        account,
        place,
        sku,
        listing,
        run,
        line,
        order,
        ShipmentFactory.create(order=order, state="refused"),
        AlarmFactory.create(account=account, key=f"{name} alarm"),
        SubmissionFactory.create(listing=listing, run=run),
        ProposalFactory.create(sku=sku),
        Erasure.objects.create(account=account, why="orders", orders=[order.number], by=name),
        PersonalDataView.objects.create(
            account=account, order_number=order.number, where="order", by=name
        ),
        TaxRecordFactory.create(account=account, order_number=order.number),
        account.schedules.all()[0],
    )
    return {row._meta.model_name or "": row for row in rows} | {"ordermappings": account}


@pytest.fixture
def theirs(db: None) -> dict[str, Model]:
    """What is of the other partner."""
    return fill(LiveAccountFactory.create(name=f"{SECRET} account", shop_scope="theirs"), SECRET)


@pytest.fixture
def mine(theirs: dict[str, Model]) -> dict[str, Model]:
    return fill(LiveAccountFactory.create(name="My account", shop_scope="mine"), "MINE")


@pytest.fixture
def vendor(mine: dict[str, Model]) -> Client:
    """One of a partner's people, who may do everything that permissions give."""
    client = client_with(*all_permissions())
    factories.partner("mine").users.add(get_user_model().objects.get(username="somebody"))
    return client


def test_every_model_is_tried(theirs: dict[str, Model]) -> None:
    assert set(theirs) | OF_NO_ACCOUNT == set(MODELS)


def test_lists_show_ones_own(
    vendor: Client, mine: dict[str, Model], theirs: dict[str, Model]
) -> None:
    for name, model in MODELS.items():
        answer = vendor.get(address(model))
        assert SECRET not in answer.content.decode(), name
        rows = {row.pk for row in answer.context["cl"].result_list}
        if name in OF_NO_ACCOUNT:
            assert rows == set(), name
        else:
            assert mine[name].pk in rows, name
            assert theirs[name].pk not in rows, name


def test_no_page_of_another_partner_is_found(
    vendor: Client, mine: dict[str, Model], theirs: dict[str, Model]
) -> None:
    for one in tried():
        name = next((name for name in MODELS if f"/{name}/" in f"/{one.route}"), "")
        if short(one).startswith("dashboard:amazon-run"):
            name = "syncrun"
        of_a_row = {"object_id", "pk"} & set(one.takes) and name not in OF_NO_ACCOUNT
        if not of_a_row or short(one) in PRODUCTS:
            continue
        [argument] = one.takes
        where = reverse(one.name, kwargs={argument: theirs[name].pk})
        answer = vendor.get(where)
        if answer.status_code == 405:
            answer = vendor.post(where)
        assert SECRET not in answer.content.decode(), one.name
        if answer.status_code == 302:  # Django's own way to say that there is no such row
            assert answer["Location"] == "/admin/", one.name
        else:
            assert answer.status_code in (403, 404), one.name


def test_no_other_page_names_another_partners_account(vendor: Client) -> None:
    for one in tried():
        if not one.takes and short(one) not in table.POSTS:
            answer: Any = vendor.get(url_of(one))  # a page, or a file that is streamed
            assert SECRET not in b"".join(answer).decode(), one.name


@pytest.mark.parametrize(("model", "action"), sorted(table.ACTIONS))
def test_no_action_reaches_another_partners_row(
    vendor: Client, theirs: dict[str, Model], model: str, action: str
) -> None:
    if model in OF_NO_ACCOUNT:
        return
    before = snapshot(theirs)
    for across in ("0", "1"):
        row = {"_selected_action": [theirs[model].pk], "select_across": across}
        vendor.post(address(MODELS[model]), {"action": action, **row})
        assert snapshot(theirs) == before


def snapshot(rows: Mapping[str, Model]) -> list[Any]:
    """All that is stored in these rows, and how many runs their account has."""
    stored: list[Any] = [SyncRun.objects.filter(account=rows["selleraccount"].pk).count()]
    for row in rows.values():
        columns = [
            column.attname
            for column in row._meta.concrete_fields
            if not isinstance(column, EncryptedTextField | EncryptedJSONField)
        ]
        stored += type(row)._default_manager.filter(pk=row.pk).values(*columns)
    return stored


def test_no_form_saves_another_partners_row(vendor: Client, theirs: dict[str, Model]) -> None:
    before = snapshot(theirs)
    for name, row in theirs.items():
        answer = vendor.post(address(MODELS[name], row.pk), {"name": "Mine now"})
        assert answer.status_code in (302, 403, 404), name
    assert snapshot(theirs) == before


def test_a_partner_moves_no_account_and_adds_none(vendor: Client, mine: dict[str, Model]) -> None:
    account = mine["selleraccount"]
    page = vendor.get(address(SellerAccount, account.pk)).content.decode()
    assert 'name="shop_scope"' not in page
    vendor.post(address(SellerAccount, account.pk), {"shop_scope": "theirs"})
    account.refresh_from_db(fields=["shop_scope"])
    assert account.shop_scope == "mine"  # type: ignore[attr-defined]
    assert vendor.get(address(SellerAccount, "add")).status_code == 403
    assert vendor.get(address(MODELS["application"], "add")).status_code == 403


def test_who_has_the_partner_but_no_permission_sees_nothing(mine: dict[str, Model]) -> None:
    client = client_with()
    factories.partner("mine").users.add(get_user_model().objects.get(username="somebody"))
    for model in MODELS.values():
        assert client.get(address(model)).status_code == 403


def test_people_of_two_partners_see_both(vendor: Client) -> None:
    factories.partner("theirs").users.add(get_user_model().objects.get(username="somebody"))
    assert SECRET in vendor.get(address(SellerAccount)).content.decode()
    get_model("partner", "Partner").objects.get(code="mine").users.clear()
    assert "My account" not in vendor.get(address(SellerAccount)).content.decode()


def test_where_the_shop_cannot_say_whose_they_are_nobodys_accounts_show(
    vendor: Client, settings: Any
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "SHOP": "no.such.Shop"}
    for name in ("selleraccount", "listing", "amazonorder", "syncrun"):
        assert SECRET not in vendor.get(address(MODELS[name])).content.decode(), name
