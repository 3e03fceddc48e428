"""Buyers as users of this Django project: found by e-mail address, or made for their orders.

A user that is made has no password: in its place stands a word that is the hash of none, so that
nobody can log in, and that Django's form for forgotten passwords does not skip as it skips unusable
ones. Whoever reads the address's mail can ask for a password as every customer can. Until then the
user is nobody's own, and the word tells that it was made here.

A user that was there may be of somebody who only wrote that address when registering. So an order,
which tells name and street, becomes such a user's only where the project says that the address is
proven (``CUSTOMER_IS_VERIFIED``). Nothing of a user that was there before is ever changed.
"""

from __future__ import annotations

import secrets
import unicodedata
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Field
from django.utils.module_loading import import_string

from django_amazon_sync import conf
from django_amazon_sync.data import Address, Buyer
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.shops import admin_history

if TYPE_CHECKING:
    # The types of Django's own user model; the shop may have another one.
    from django.contrib.auth.models import User

#: Stands where the hash of a password would; no hasher of Django knows it.
NO_PASSWORD = "amazon-import"  # noqa: S105 -- the hash of none


class Customer(NamedTuple):
    """A user, and whether it was made just now."""

    user: User
    made: bool


def customer_for(buyer: Buyer, delivery: Address | None, *, relay: bool) -> Customer | None:
    """The user who bought; None for a guest. Raises ShopRefused where none can be made.

    An address that somebody has is that user's alone, and its order a guest's where that user is
    neither made here and nobody's own, nor one whose address the project knows as proven. A user of
    the staff, a superuser or one that is not active never gets an order, nor is there a second one
    with the same address. With ``relay`` the address is Amazon's own or missing, and proven of
    nobody.
    """
    email = buyer.email.strip().lower()
    if email and not _is_address(email):
        return None
    if email and (found := _with_email(email)):
        return _the_one(found, relay=relay)
    if not email and _column(_email_column()).unique:
        return None  # the shop's users need an address of their own
    name = (buyer.name or (delivery.name if delivery else "")).replace("\x00", "").strip()
    for username in (_username(email), _username("")):
        try:
            with transaction.atomic():
                return Customer(_make(email, name, username), made=True)
        except IntegrityError:  # another worker was faster, or the name is taken
            if email and (found := _with_email(email)):
                return _the_one(found, relay=relay)
    raise ShopRefused("The shop's users cannot be made from a name and an address alone.")


def user_of(pk: str) -> User | None:
    """The user whom ``customer_for`` named, or None for a guest."""
    return get_user_model()._base_manager.filter(pk=pk).first() if pk else None


def is_unowned(user: User) -> bool:
    """Whether a user was made here, and nobody has asked for a password since."""
    return bool(user.password == NO_PASSWORD and user.last_login is None)


def forget(user: User) -> None:
    """Remove name and address of a user who is nobody's own; the row stays, and is not active."""
    model = get_user_model()
    email, username = _email_column(), model.USERNAME_FIELD
    nobody = f"forgotten-{user.pk}"
    unique = _column(email).unique
    setattr(user, email, f"{nobody}@example.invalid" if unique else "")
    if username != email:
        setattr(user, username, nobody)
    for name in _name_columns():
        setattr(user, name, "")
    user.is_active = False
    user.save()
    admin_history.forget([user])


# --- Finding --------------------------------------------------------------------------------------


def _with_email(email: str) -> list[User]:
    """All users with this address, whatever its case; letters that only look alike do not count."""
    column = _email_column()
    found = get_user_model()._base_manager.filter(**{f"{column}__iexact": email}).order_by("pk")
    return [user for user in found if _plain(getattr(user, column)) == _plain(email)]


def _is_address(email: str) -> bool:
    """Whether it is an e-mail address that the column holds whole."""
    try:
        _column(_email_column()).run_validators(email)
        validate_email(email)
    except ValidationError:
        return False
    return True


def _plain(email: str) -> str:
    return unicodedata.normalize("NFKC", email).casefold()


def _the_one(found: list[User], *, relay: bool) -> Customer | None:
    if len(found) != 1:
        return None
    user = found[0]
    trusted = getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)
    if trusted or not user.is_active:
        return None
    its_own = is_unowned(user) or (not relay and _is_verified(user))
    return Customer(user, made=False) if its_own else None


def _is_verified(user: User) -> bool:
    """Whether the project knows that the user's address is the user's own; else it is not known."""
    path = conf.get("CUSTOMER_IS_VERIFIED")
    return bool(path) and import_string(path)(user) is True


# --- Making ---------------------------------------------------------------------------------------


def _make(email: str, name: str, username: str) -> User:
    model = get_user_model()
    first_name, _space, last_name = name.rpartition(" ")
    values = {_email_column(): email, "first_name": first_name, "last_name": last_name}
    if _email_column() != model.USERNAME_FIELD:
        values[model.USERNAME_FIELD] = username
    columns = {field.name for field in model._meta.concrete_fields}
    user = model(
        **{
            column: value[: _column(column).max_length]
            for column, value in values.items()
            if column in columns
        }
    )
    user.password = NO_PASSWORD
    user.save(force_insert=True)
    return user


def _username(email: str) -> str:
    """One name for one address, so that of two workers the database lets one make the user."""
    digest = sha256(_plain(email).encode()).hexdigest() if email else secrets.token_hex(16)
    return f"amazon-{digest[:20]}"


def _email_column() -> str:
    return get_user_model().get_email_field_name()


def _name_columns() -> list[str]:
    columns = {field.name for field in get_user_model()._meta.concrete_fields}
    return sorted(columns & {"first_name", "last_name"})


def _column(name: str) -> Field[str, str]:
    column = get_user_model()._meta.get_field(name)
    assert isinstance(column, Field)  # no relation
    return column
