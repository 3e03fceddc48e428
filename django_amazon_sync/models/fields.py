"""Columns that are encrypted at rest, with the keys of ``AMAZON_SYNC["ENCRYPTION_KEYS"]``.

The newest key, the first, encrypts; all decrypt. The keys are read at each use. What is empty
stays an empty string, so a row without a secret, and so ``migrate``, needs no key.

A value is bound to its place: its column, and what ``bound_to`` names of its row. It is opened
when the attribute is read, where the row is known; one that no key opens, or that was moved, costs
no other row. ``values()`` gives what is sealed still, and ``update()`` and ``bulk_update()``, which
see no row, want what ``bound`` made. See docs/decisions/0031-a-secret-is-bound-to-its-place.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, IsNull, Lookup
from django.db.models.query_utils import DeferredAttribute

from django_amazon_sync import conf
from django_amazon_sync.data import JsonObject
from django_amazon_sync.errors import ConfigurationError, Misplaced
from django_amazon_sync.messages import Code, Message

if TYPE_CHECKING:  # none of them can be subscripted at run time
    TextField = models.TextField[str, str]
    ObjectField = models.Field[dict[str, Any], dict[str, Any]]
    AnyLookup = Lookup[Any]
else:
    TextField = models.TextField
    ObjectField = models.Field
    AnyLookup = Lookup

T = TypeVar("T")
Row = TypeVar("Row", bound=models.Model)

#: The type of a JSON column that holds a T.
JsonColumn: TypeAlias = "models.JSONField[T, T]"

#: How to make a key; part of every message about a missing one.
HOW_TO_MAKE_A_KEY = (
    'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
)
_MARK = "encrypted:"  # begins a value in a fixture, where text and token could be confused

#: Begins a bound text and ends the name of its place: neither JSON nor a secret begins with it.
_BORDER = "\0"


def encrypt(text: str) -> str:
    """The token of a text under the newest key. Raises ConfigurationError."""
    return _cipher().encrypt(text.encode()).decode()


def decrypt(token: str, where: object) -> str:
    """The text of a token; ``where`` names its column. Raises ConfigurationError."""
    try:
        return _cipher().decrypt(token).decode()
    except InvalidToken:
        raise _lost_key(where) from None


@dataclass(frozen=True)
class Place:
    """Where an encrypted value stands: its ``column``, the number (``pk``) of its row, and what of
    that row it is bound to (``identity``), which the number alone need not be."""

    column: str
    pk: object
    identity: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.column} of row {self.pk}" if self.pk else self.column

    @property
    def heading(self) -> str:
        """What a text begins with that is bound to here."""
        return f"{_BORDER}{json.dumps([self.column, *self.identity])}{_BORDER}"


class Bound(str):
    """A value as a column stores it, encrypted for its place: the only kind that ``update()`` and
    ``bulk_update()`` take of an encrypted column."""

    __slots__ = ()


@dataclass(frozen=True)
class Sealed:
    """What a column stores, not opened yet; ``values()`` gives it, as it knows no row."""

    token: str = field(repr=False)


def open_token(token: str, place: Place) -> str:
    """The text of a token that stands here; one from before values were bound opens anywhere.

    Raises Misplaced where it is bound to another place, and ConfigurationError.
    """
    text = decrypt(token, place)
    if not text.startswith(_BORDER):
        return text
    if not text.startswith(place.heading):
        raise Misplaced(str(Message(Code.MISPLACED, place=str(place))))
    return text.removeprefix(place.heading)


def rotate(token: str, place: Place) -> str:
    """A stored token under the newest key and bound to its place: the same one where it is so.

    Raises Misplaced where it is bound to another place, and ConfigurationError.
    """
    text = open_token(token, place)
    newest = _cipher_of(tuple(conf.get("ENCRYPTION_KEYS")[:1]))
    try:
        if newest.decrypt(token).startswith(_BORDER.encode()):
            return token
    except InvalidToken:
        pass
    return encrypt(place.heading + text)


def bound(row: models.Model, column: str, value: object) -> Bound | str:
    """A value as ``update()`` and ``bulk_update()`` write it into this column of this row.

    What is empty stays an empty text. Raises ConfigurationError without a key, and FieldError where
    the row lacks what the column is bound to, such as the number of a row that is not saved yet.
    """
    encrypted = row._meta.get_field(column)
    if not isinstance(encrypted, Encrypted):
        raise FieldError(f"{encrypted} is not encrypted.")
    return encrypted.bound(row, value)


def check_opens(row: models.Model, column: str) -> None:
    """Open an encrypted column now. Raises Misplaced and ConfigurationError."""
    getattr(row, column)


def for_bulk_update(rows: Iterable[Row], column: str) -> list[Row]:
    """Copies of rows that ``bulk_update()`` can write with this encrypted column; the rows
    themselves stay readable. Raises as ``bound``."""
    copies = []
    for row in rows:
        twin = copy(row)
        setattr(twin, column, bound(row, column, getattr(row, column)))
        copies.append(twin)
    return copies


def stored(name: str) -> Cast:
    """The column ``name`` as it is stored, for ``annotate()``: a token, or an empty string."""
    return Cast(name, models.TextField())


def _cipher() -> MultiFernet:
    return _cipher_of(tuple(conf.get("ENCRYPTION_KEYS")))


@lru_cache(maxsize=4)
def _cipher_of(keys: tuple[str, ...]) -> MultiFernet:
    remedy = f"make a key with: {HOW_TO_MAKE_A_KEY}"
    if not keys:
        raise ConfigurationError(f"AMAZON_SYNC['ENCRYPTION_KEYS'] is empty; {remedy}")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"AMAZON_SYNC['ENCRYPTION_KEYS'] holds what is not a Fernet key; {remedy}"
        ) from None


def _lost_key(where: object) -> ConfigurationError:
    return ConfigurationError(
        f"{where} holds a value that no key of AMAZON_SYNC['ENCRYPTION_KEYS'] opens; "
        "put the key that encrypted it back."
    )


class OnlyEmpty(Exact):
    """``exact`` on an encrypted column: it can be asked whether it is empty, nothing else."""

    def get_prep_lookup(self) -> str | None:
        asked: object = self.rhs
        if asked is None:
            return None
        if asked in ("", {}):
            return ""
        raise _refused(self.lhs.output_field)


class OpenedWhenRead(DeferredAttribute):
    """The attribute of an encrypted column: it opens what is sealed when somebody reads it."""

    def __get__(self, row: models.Model | None, model: type[models.Model] | None = None) -> Any:
        if row is None:
            return self
        column = cast("Encrypted", self.field)
        name = column.attname
        if name not in row.__dict__:  # deferred; Django's own way would open it without its row
            rows = type(row)._base_manager.using(row._state.db).filter(pk=row.pk)
            row.__dict__[name] = rows.values_list(name, flat=True).get()
        value = row.__dict__[name]
        if isinstance(value, Sealed):
            value = row.__dict__[name] = column.opened(row, value.token)
        return value

    def __set__(self, row: models.Model, value: object) -> None:
        row.__dict__[self.field.attname] = value


class Encrypted:
    """What the encrypted columns share; each says how its values become text.

    ``bound_to`` names the columns that say which row it is: they never change while the row holds a
    value. It is no part of the schema, so migrations know none: they neither read nor write.
    """

    attname: str
    model: type[models.Model]
    bound_to: tuple[str, ...]
    descriptor_class: type[DeferredAttribute] = OpenedWhenRead

    def __init__(self, *args: Any, bound_to: tuple[str, ...] = (), **kwargs: Any) -> None:
        self.bound_to = bound_to
        super().__init__(*args, **kwargs)

    def get_internal_type(self) -> str:
        return "TextField"

    def to_text(self, value: object) -> str:
        """The value as text; what is empty becomes an empty string."""
        return str(value)

    def from_text(self, text: str) -> object:
        """The value of a text that ``to_text`` gave."""
        return text

    # --- With its row ----------------------------------------------------------------------------

    def place(self, pk: object, identity: Iterable[object]) -> Place:
        """The place of this column in the row of which ``identity`` has the values of ``bound_to``.

        Raises FieldError where one is missing.
        """
        values = tuple(identity)
        if not values or None in values:
            raise FieldError(
                f"{self} is bound to its row, which is not known: it is not saved yet, or a "
                "migration's."
            )
        column = f"{self.model._meta.object_name}.{self.attname}"
        return Place(column, pk, tuple(map(str, values)))

    def place_in(self, row: models.Model) -> Place:
        """The place of this column in this row. Raises FieldError."""
        return self.place(row.pk, (getattr(row, name) for name in self.bound_to))

    def opened(self, row: models.Model, token: str) -> object:
        """The value of what this row stores. Raises Misplaced, ConfigurationError, FieldError."""
        return self.from_text(open_token(token, self.place_in(row)))

    def bound(self, row: models.Model, value: object) -> Bound | str:
        """The value as this row stores it; see the function ``bound``."""
        if isinstance(value, Bound):
            return value
        text = "" if value is None else self.to_text(value)
        return Bound(encrypt(self.place_in(row).heading + text)) if text else ""

    def pre_save(self, model_instance: models.Model, add: bool) -> Bound | str | None:
        value = getattr(model_instance, self.attname)
        return None if value is None else self.bound(model_instance, value)

    def value_to_string(self, obj: models.Model) -> str:
        """What ``dumpdata`` writes: never the text."""
        token = self.bound(obj, getattr(obj, self.attname))
        return _MARK + token if token else ""

    # --- Without its row -------------------------------------------------------------------------

    def get_prep_value(self, value: object) -> str | None:
        if value is None:
            return None
        if isinstance(value, Bound):
            return str(value)
        if self.to_text(value):
            raise FieldError(
                f"{self} is bound to its row, which is not known here: hand over what "
                "django_amazon_sync.models.fields.bound() gives, or save the row."
            )
        return ""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> object:
        if value is None:
            return None
        return Sealed(value) if value else self.from_text(value)

    def to_python(self, value: object) -> object:
        """A fixture's value stays as it is stored: its row is not known yet."""
        if isinstance(value, str) and value.startswith(_MARK):
            return Bound(value.removeprefix(_MARK))
        return value

    def get_lookup(self, lookup: str) -> type[AnyLookup] | None:
        if lookup == "exact":
            return OnlyEmpty
        if lookup == "isnull":
            return IsNull
        raise _refused(self)


def _refused(field: object) -> FieldError:
    return FieldError(
        f"{field} is encrypted: it can be compared with nothing but an empty value. "
        "Filter by another column."
    )


class EncryptedTextField(Encrypted, TextField):
    """A text that is encrypted at rest."""


class EncryptedJSONField(Encrypted, ObjectField):
    """A JSON object that is encrypted at rest; not for forms. An empty one needs no key."""

    def __init__(self, *args: Any, bound_to: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, bound_to=bound_to, **{**kwargs, "editable": False})

    def to_text(self, value: object) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else ""

    def from_text(self, text: str) -> JsonObject:
        document: JsonObject = json.loads(text) if text else {}
        return document
