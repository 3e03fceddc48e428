"""Whose accounts a user sees: all of them, or those of the user's own part of the shop."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import SellerAccount
from django_amazon_sync.shops import configured_shop

Row = TypeVar("Row", bound=Model)

_KEPT = "_amazon_sync_scopes"

#: Permissions that decide what a page shows of an order.
SEES_ORDERS = "django_amazon_sync.view_amazonorder"
SEES_BUYERS = "django_amazon_sync.view_personal_data"


def scopes_of(request: HttpRequest) -> frozenset[str] | None:
    """The scopes that whoever asks may see; None means all. Asked of the shop once a request."""
    if not hasattr(request, _KEPT):
        scopes: frozenset[str] | None = None
        if not getattr(request.user, "is_superuser", False):
            try:
                scopes = configured_shop().scopes_of(str(request.user.pk))
            except ConfigurationError:
                scopes = frozenset()  # a system check says what is wrong; until then nobody's
        setattr(request, _KEPT, scopes)
    kept: frozenset[str] | None = getattr(request, _KEPT)
    return kept


def within_scopes(rows: QuerySet[Row], request: HttpRequest, account_path: str) -> QuerySet[Row]:
    """Those of the rows that are of accounts which whoever asks may see."""
    scopes = scopes_of(request)
    if scopes is None:
        return rows
    if not account_path:
        return rows.none()
    path = "" if account_path == "self" else f"{account_path}__"
    return rows.filter(**{f"{path}shop_scope__in": scopes})


def visible_accounts(request: HttpRequest) -> QuerySet[SellerAccount]:
    """The accounts that whoever asks may see, without the secret that opens them at Amazon."""
    return within_scopes(SellerAccount.objects.defer("refresh_token"), request, "self")
