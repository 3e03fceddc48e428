"""Encrypted columns: what is stored, which keys open it, what cannot be asked."""

import json
from io import StringIO

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

from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import AmazonOrder, Application
from django_amazon_sync.models.fields import (
    EncryptedJSONField,
    EncryptedTextField,
    rotate,
    stored,
)

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SECRET = "amzn1.oa2-cs.v1.ünvergesslich"


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    settings.AMAZON_SYNC = {"ENCRYPTION_KEYS": [OLD]}


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
    assert Fernet(OLD).decrypt(stored_secret()).decode() == SECRET


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
        EncryptedTextField().get_prep_value(SECRET)
    assert "of no use" not in str(refusal.value)


@pytest.mark.django_db
def test_a_lost_key_names_the_column_and_not_the_value(settings: Settings) -> None:
    make_application()
    use_keys(settings, NEW)
    message = r"Application\.client_secret.*put the key"
    with pytest.raises(ConfigurationError, match=message) as lost:
        Application.objects.get()
    assert stored_secret() not in str(lost.value)
    assert Application.objects.defer("client_secret").get().name == "Shop"


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
    make_application()
    use_keys(settings, NEW, OLD)
    rows = Application.objects.annotate(token=stored("client_secret"))
    old_token = rows.values_list("token", flat=True).get()
    token = rotate(old_token, "Application.client_secret")
    assert Fernet(NEW).decrypt(token).decode() == SECRET
    assert rotate(token, "Application.client_secret") == token
    moved = rows.filter(token=old_token).update(
        client_secret=models.Value(token, output_field=models.TextField())
    )
    assert (moved, stored_secret()) == (1, token)


def test_rotate_names_the_column_that_no_key_opens() -> None:
    token = Fernet(NEW).encrypt(b"secret").decode()
    with pytest.raises(ConfigurationError, match=r"^Application\.client_secret holds"):
        rotate(token, "Application.client_secret")


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
    Application.objects.all().delete()
    for row in serializers.deserialize("json", fixture.getvalue()):
        row.save()
    assert Application.objects.get().client_secret == SECRET


@given(st.text())
def test_any_text_survives(text: str) -> None:
    field = EncryptedTextField()
    assert field.from_db_value(field.get_prep_value(text), None, connection) == text


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
    field = EncryptedJSONField()
    token = field.get_prep_value(document)
    assert field.from_db_value(token, None, connection) == document
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
