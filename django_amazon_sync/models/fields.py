"""Columns that are encrypted at rest, with the keys of ``AMAZON_SYNC["ENCRYPTION_KEYS"]``.

The newest key, the first, encrypts; all decrypt. The keys are read at each use. What is empty
stays an empty string, so a row without a secret, and so ``migrate``, needs no key. A column that
no key opens raises inside the query: ``defer()`` encrypted columns in lists.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, IsNull, Lookup

from django_amazon_sync import conf
from django_amazon_sync.data import JsonObject
from django_amazon_sync.errors import ConfigurationError

if TYPE_CHECKING:  # none of them can be subscripted at run time
    TextField = models.TextField[str, str]
    ObjectField = models.Field[dict[str, Any], dict[str, Any]]
    AnyLookup = Lookup[Any]
else:
    TextField = models.TextField
    ObjectField = models.Field
    AnyLookup = Lookup

T = TypeVar("T")

#: The type of a JSON column that holds a T.
JsonColumn: TypeAlias = "models.JSONField[T, T]"

#: How to make a key; part of every message about a missing one.
HOW_TO_MAKE_A_KEY = (
    'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
)
_MARK = "encrypted:"  # begins a value in a fixture, where text and token could be confused


def encrypt(text: str) -> str:
    """The token of a text under the newest key. Raises ConfigurationError."""
    return _cipher().encrypt(text.encode()).decode()


def decrypt(token: str, where: object) -> str:
    """The text of a token; ``where`` names its column. Raises ConfigurationError."""
    try:
        return _cipher().decrypt(token).decode()
    except InvalidToken:
        raise _lost_key(where) from None


def rotate(token: str, where: object) -> str:
    """A stored token under the newest key: the same one where it is so already.

    ``where`` names its column. Raises ConfigurationError.
    """
    newest = _cipher_of(tuple(conf.get("ENCRYPTION_KEYS")[:1]))
    try:
        newest.decrypt(token)
    except InvalidToken:
        return encrypt(decrypt(token, where))
    return token


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


class Encrypted:
    """What the encrypted columns share; each says how its values become text."""

    attname: str

    def get_internal_type(self) -> str:
        return "TextField"

    def to_text(self, value: object) -> str:
        """The value as text; what is empty becomes an empty string."""
        return str(value)

    def from_text(self, text: str) -> object:
        """The value of a text that ``to_text`` gave."""
        return text

    def get_prep_value(self, value: object) -> str | None:
        text = None if value is None else self.to_text(value)
        return encrypt(text) if text else text

    def from_db_value(self, value: str | None, expression: object, connection: object) -> object:
        if value is None:
            return None
        return self.from_text(decrypt(value, self) if value else value)

    def value_to_string(self, obj: models.Model) -> str:
        """What ``dumpdata`` writes: never the text."""
        token = self.get_prep_value(getattr(obj, self.attname))
        return _MARK + token if token else ""

    def to_python(self, value: object) -> object:
        if isinstance(value, str) and value.startswith(_MARK):
            return self.from_text(decrypt(value.removeprefix(_MARK), self))
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "editable": False})

    def to_text(self, value: object) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else ""

    def from_text(self, text: str) -> JsonObject:
        document: JsonObject = json.loads(text) if text else {}
        return document
