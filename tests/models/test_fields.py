"""Encrypted columns: what is stored, which keys open it, what cannot be asked."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.migrations.writer import MigrationWriter
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from django_amazon_sync import clock
from django_amazon_sync.errors import ConfigurationError, Misplaced
from django_amazon_sync.management.commands.amazon_rotate_keys import encrypted_columns
from django_amazon_sync.models import (
    AccessToken,
    AmazonOrder,
    Application,
    OrderWindow,
    SellerAccount,
)
from django_amazon_sync.models.fields import (
    Bound,
    EncryptedJSONField,
    EncryptedTextField,
    Place,
    bound,
    check_opens,
    rotate,
    stored,
)
from django_amazon_sync.sync.runs.bulk import update_rows
from django_amazon_sync.testing.factories import AmazonOrderFactory, SellerAccountFactory
from tests.factories_amazon import TaxRecordFactory
from tests.stored import copy_stored, store_unbound, stored_in

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SECRET = "amzn1.oa2-cs.v1.ünvergesslich"


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    settings.AMAZON_SYNC = {"ENCRYPTION_KEYS": [OLD]}


def secret_of(application: Application) -> Place:
    """Where its secret stands."""
    return Place("Application.client_secret", application.pk, (str(application.pk),))


def use_keys(settings: Settings, *keys: str) -> None:
    settings.AMAZON_SYNC = {"ENCRYPTION_KEYS": list(keys)}


def make_application(secret: str = SECRET) -> Application:
    return Application.objects.create(name="Shop", client_id="id", client_secret=secret)


def stored_secret() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM django_amazon_sync_application")
        row = cursor.fetchone()
    return str(row[0])


@pytest.mark.django_db
def test_a_text_comes_back_and_is_not_in_the_table() -> None:
    make_application()
    assert Application.objects.get().client_secret == SECRET
    assert "amzn1" not in stored_secret()
    assert Fernet(OLD).decrypt(stored_secret()).decode().endswith(SECRET)


@pytest.mark.django_db
def test_an_empty_text_needs_no_key(settings: Settings) -> None:
    settings.AMAZON_SYNC = {}
    make_application("")
    assert stored_secret() == ""
    assert Application.objects.get().client_secret == ""


@pytest.mark.django_db
def test_without_a_key_nothing_is_stored_and_the_remedy_is_told(settings: Settings) -> None:
    settings.AMAZON_SYNC = {}
    message = "is empty; make a key with: python -c"
    with pytest.raises(ConfigurationError, match=message), transaction.atomic():
        make_application()
    assert not Application.objects.exists()


@pytest.mark.parametrize("keys", [["of no use"], [None], "not a list"])
def test_what_is_no_key_is_said_without_showing_it(settings: Settings, keys: object) -> None:
    settings.AMAZON_SYNC = {"ENCRYPTION_KEYS": keys}
    with pytest.raises(ConfigurationError, match="is not a Fernet key") as refusal:
        bound(Application(pk=1), "client_secret", SECRET)
    assert "of no use" not in str(refusal.value)


@pytest.mark.django_db
def test_a_lost_key_names_the_column_and_not_the_value(settings: Settings) -> None:
    make_application()
    use_keys(settings, NEW)
    message = r"Application\.client_secret.*put the key"
    with pytest.raises(ConfigurationError, match=message) as lost:
        check_opens(Application.objects.get(), "client_secret")
    assert stored_secret() not in str(lost.value)
    assert Application.objects.get().name == "Shop"


@pytest.mark.django_db
def test_saving_again_moves_a_row_to_the_newest_key(settings: Settings) -> None:
    make_application()
    use_keys(settings, NEW, OLD)
    Application.objects.get().save()
    use_keys(settings, NEW)
    assert Application.objects.get().client_secret == SECRET


@pytest.mark.django_db
def test_rotate_moves_a_stored_token_to_the_newest_key_and_leaves_it_there(
    settings: Settings,
) -> None:
    place = secret_of(make_application())
    use_keys(settings, NEW, OLD)
    rows = Application.objects.annotate(token=stored("client_secret"))
    old_token = rows.values_list("token", flat=True).get()
    token = rotate(old_token, place)
    assert Fernet(NEW).decrypt(token).decode().endswith(SECRET)
    assert rotate(token, place) == token
    moved = rows.filter(token=old_token).update(client_secret=Bound(token))
    assert (moved, stored_secret()) == (1, token)
    assert Application.objects.get().client_secret == SECRET


def test_rotate_names_the_column_that_no_key_opens() -> None:
    token = Fernet(NEW).encrypt(b"secret").decode()
    with pytest.raises(ConfigurationError, match=r"^Application\.client_secret of row 1 holds"):
        rotate(token, Place("Application.client_secret", 1, ("1",)))


@pytest.mark.django_db
def test_only_emptiness_can_be_asked() -> None:
    make_application()
    assert not Application.objects.filter(client_secret="").exists()
    assert Application.objects.exclude(client_secret="").exists()
    assert Application.objects.filter(client_secret__isnull=False).exists()


@pytest.mark.parametrize(
    "question",
    [
        {"client_secret": SECRET},
        {"client_secret__in": [SECRET]},
        {"client_secret__icontains": "amzn1"},
        {"client_secret__gt": ""},
        {"client_secret": models.F("name")},
    ],
)
def test_every_other_lookup_is_refused(question: dict[str, object]) -> None:
    with pytest.raises(FieldError, match=r"Application\.client_secret is encrypted"):
        Application.objects.filter(**question)


@pytest.mark.django_db
def test_a_fixture_holds_no_text_and_loads_again() -> None:
    make_application()
    fixture = StringIO()
    call_command("dumpdata", "django_amazon_sync.application", stdout=fixture)
    assert "amzn1" not in fixture.getvalue()
    Application.objects.update(client_secret="")
    for row in serializers.deserialize("json", fixture.getvalue()):
        row.save()
    assert Application.objects.get().client_secret == SECRET


def stored_and_read(row: models.Model, column: str, value: object) -> Any:
    """What the database gives for a value that was stored in this row."""
    field = row._meta.get_field(column)
    assert isinstance(field, EncryptedTextField | EncryptedJSONField)
    return field.from_db_value(field.get_prep_value(bound(row, column, value)), None, connection)


@given(st.text())
def test_any_text_survives(text: str) -> None:
    row = Application(pk=1)
    row.client_secret = stored_and_read(row, "client_secret", text)
    assert row.client_secret == text


json_objects = st.dictionaries(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
)


@given(json_objects)
def test_any_json_object_survives(document: dict[str, object]) -> None:
    row = AmazonOrder(account_id=1, number="302-1")
    token = bound(row, "document", document)
    row.document = stored_and_read(row, "document", document)
    assert row.document == document
    assert token == "" if not document else json.dumps(document) not in str(token)


@pytest.mark.parametrize("field", [EncryptedTextField(), EncryptedJSONField()])
def test_null_stays_null(field: EncryptedTextField | EncryptedJSONField) -> None:
    assert field.get_prep_value(None) is None
    assert field.from_db_value(None, None, connection) is None


@pytest.mark.parametrize(
    ("model", "name"), [(Application, "client_secret"), (AmazonOrder, "document")]
)
def test_migrations_name_the_public_class_and_a_text_column(
    model: type[models.Model], name: str
) -> None:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    text, _imports = MigrationWriter.serialize(field)
    assert text.startswith("django_amazon_sync.models.fields.Encrypted")
    copy = field.clone()
    assert copy.deconstruct()[1:] == field.deconstruct()[1:]
    assert field.db_type(connection) == models.TextField().db_type(connection)


# --- Bound to its place --------------------------------------------------------------------------


def two_of_each() -> list[tuple[models.Model, models.Model, str]]:
    """Two rows with a value in each encrypted column, and the column."""
    accounts = [SellerAccountFactory.create() for _ in range(2)]
    for account in accounts:
        AccessToken.objects.create(account=account, token="amzn1.access", expires_at=clock.now())
        window = OrderWindow.objects.create(account=account, start=clock.now())
        window.page_token = "amzn1.page"
        window.save()
        AmazonOrderFactory.create(account=account)
        TaxRecordFactory.create(account=account, order_number="302-1", party={"buyer": {}})
    rows = {model: list(model._default_manager.order_by("pk")) for model, _ in encrypted_columns()}
    return [(rows[model][0], rows[model][1], column) for model, column in encrypted_columns()]


@pytest.mark.django_db
def test_what_was_moved_to_another_row_is_refused_and_the_place_is_named() -> None:
    for first, second, column in two_of_each():
        text = str(getattr(first, column))
        copy_stored((first, column), (second, column))
        moved = type(second)._default_manager.get(pk=second.pk)
        named = f"^{second._meta.object_name}.{column} of row {second.pk} holds a value that was"
        with pytest.raises(Misplaced, match=named) as refusal:
            getattr(moved, column)
        assert text not in str(refusal.value)
        assert stored_in(second, column) not in str(refusal.value)
        assert str(getattr(type(first)._default_manager.get(pk=first.pk), column)) == text


@pytest.mark.django_db
def test_what_was_moved_to_another_column_is_refused() -> None:
    record = TaxRecordFactory.create(order_number="302-1", party={"buyer": {"name": "Quill"}})
    order = AmazonOrderFactory.create(account=record.account, number="302-1")
    copy_stored((record, "party"), (order, "document"))
    with pytest.raises(Misplaced, match=r"AmazonOrder\.document"):
        check_opens(AmazonOrder.objects.get(), "document")


@pytest.mark.django_db
def test_a_row_that_was_given_to_another_account_does_not_open() -> None:
    order = AmazonOrderFactory.create()
    AmazonOrder.objects.update(account=SellerAccountFactory.create())
    with pytest.raises(Misplaced):
        check_opens(AmazonOrder.objects.get(pk=order.pk), "document")


@pytest.mark.django_db
def test_what_was_stored_before_values_were_bound_opens_and_is_bound_by_saving() -> None:
    for row, another, column in two_of_each():
        value = getattr(row, column)
        store_unbound(row, column)
        old = type(row)._default_manager.get(pk=row.pk)
        assert getattr(old, column) == value
        old.save()
        copy_stored((row, column), (another, column))
        assert getattr(type(row)._default_manager.get(pk=row.pk), column) == value
        with pytest.raises(Misplaced):
            check_opens(type(row)._default_manager.get(pk=another.pk), column)


@pytest.mark.django_db
def test_what_staff_may_change_of_a_row_leaves_its_value_readable() -> None:
    account = SellerAccountFactory.create(
        refresh_token="refresh", application__client_secret="secret"
    )
    Application.objects.update(name="another", client_id="another")
    SellerAccount.objects.update(name="another", shop_scope="another", state="paused")
    application = Application.objects.get()
    application.client_id = "a third"
    application.save(update_fields=["client_id"])
    stored_account = SellerAccount.objects.select_related("application").get(pk=account.pk)
    assert stored_account.refresh_token == "refresh"
    assert stored_account.application.client_secret == "secret"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "write",
    [
        lambda row: Application.objects.update(client_secret=row.client_secret),
        lambda row: Application.objects.bulk_update([row], ["client_secret"]),
        lambda row: Application.objects.bulk_create(
            [Application(client_id="new", client_secret=row.client_secret)]
        ),
    ],
    ids=["update", "bulk_update", "bulk_create"],
)
def test_a_value_that_knows_no_row_is_not_stored(write: Callable[[Application], object]) -> None:
    application = make_application()
    application.client_secret = "another"
    before = stored_secret()
    refused = pytest.raises(FieldError, match=r"Application\.client_secret is bound to its row")
    with refused, transaction.atomic():
        write(application)
    assert stored_secret() == before


@pytest.mark.django_db
def test_rows_of_many_in_one_statement_are_bound_too() -> None:
    tokens = [
        AccessToken.objects.create(
            account=SellerAccountFactory.create(), token="old", expires_at=clock.now()
        )
        for _ in range(2)
    ]
    for token in tokens:
        token.token = "amzn1.new"
    update_rows(tokens, ["token"])
    assert "amzn1" not in stored_in(tokens[0], "token")
    assert {token.token for token in AccessToken.objects.all()} == {"amzn1.new"}
    copy_stored((tokens[0], "token"), (tokens[1], "token"))
    with pytest.raises(Misplaced):
        check_opens(AccessToken.objects.get(pk=tokens[1].pk), "token")


@pytest.mark.django_db
def test_many_are_read_by_one_query_and_a_deferred_one_by_one_more(
    django_assert_num_queries: Any,
) -> None:
    for _ in range(3):
        AmazonOrderFactory.create()
    with django_assert_num_queries(1):
        assert all(order.document["orderId"] for order in AmazonOrder.objects.all())
    order = AmazonOrder.objects.defer("document").first()
    assert order is not None
    with django_assert_num_queries(1):
        assert order.document["orderId"] == order.number


@pytest.mark.django_db
def test_a_query_without_rows_shows_nothing() -> None:
    make_application()
    [found] = Application.objects.values_list("client_secret", flat=True)
    assert SECRET not in repr(found)
    assert stored_secret() not in repr(found)
