"""Conditions of rows that a list filters by and the overview counts: both mean the same rows."""

from __future__ import annotations

from django.db.models import Q

from django_amazon_sync.models import UNSHIPPED, OrderState


def stopped_by_shop() -> Q:
    """SKUs that are switched on, and of which something in the shop stops what should be sent."""
    wanted = Q(synchronise=True) | Q(synchronise=None, account__synchronise_all=True)
    return wanted & ~Q(problem="") & ~Q(offer_pk="")


def to_ship() -> Q:
    """Orders of the shop that the merchant has to ship yet."""
    placed = Q(state=OrderState.PLACED, status__in=UNSHIPPED)
    return placed & ~Q(fulfilled_by="AMAZON")
