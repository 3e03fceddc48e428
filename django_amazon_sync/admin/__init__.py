"""The screens of the shop's staff, in Django's own admin: one module per screen.

An action is a permission, one call, and one message with a link to its run.
"""

from django_amazon_sync.admin.orders import orders, shipments
from django_amazon_sync.admin.products import listings, proposals, skus
from django_amazon_sync.admin.reports import (
    erasures,
    lines,
    personal_data_views,
    runs,
    submissions,
    tax_records,
)
from django_amazon_sync.admin.settings import (
    accounts,
    alarms,
    mappings,
    marketplaces,
    rates,
    schedules,
)
from django_amazon_sync.admin.todo import overview

__all__ = [
    "accounts",
    "alarms",
    "erasures",
    "lines",
    "listings",
    "mappings",
    "marketplaces",
    "orders",
    "overview",
    "personal_data_views",
    "proposals",
    "rates",
    "runs",
    "schedules",
    "shipments",
    "skus",
    "submissions",
    "tax_records",
]
