"""The settings of this package: one dict, ``AMAZON_SYNC``, read afresh at each use.

A setting is read as ``conf.get("DEPLOYMENT")``. What staff decide lives in the admin, not here.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, overload

from django.conf import settings

__all__ = ["DEFAULTS", "get"]

#: The settings by the type of their value; checks.py looks whether a project keeps to it.
TextSetting: TypeAlias = Literal[
    "SHOP",
    "ENDPOINT",
    "LWA_ENDPOINT",
    "SELLER_CENTRAL",
    "DEPLOYMENT",
    "REDIS_URL",
    "ADMIN_URL",
    "RATES_URL",
    "RATES_CALLABLE",
    "CUSTOMER_IS_VERIFIED",
]
NumberSetting: TypeAlias = Literal[
    "PRICE_MOVE_PERCENT",
    "RUN_MOVE_PERCENT",
    "RUN_MOVE_COUNT",
    "DRIFT_AFTER",
    "ORDERS_FRESH",
    "FEED_THRESHOLD",
    "FEED_LOW_STOCK",
    "ORDERS_STALE",
    "PENDING_DAYS",
    "RUNS_KEPT_DAYS",
    "PERSONAL_DATA_DAYS",
    "AMAZON_DATA_DAYS",
    "TAX_DATA_DAYS",
    "VIEWS_KEPT_DAYS",
    "RATES_MAX_AGE",
    "RATES_MOVE_PERCENT",
    "PARCEL_SEEN_WITHIN",
]
ListSetting: TypeAlias = Literal["ENCRYPTION_KEYS", "SHIPPING_EVENTS"]

DEFAULTS: dict[str, str | int | list[str]] = {
    # Dotted path of the Shop class that this project sells with.
    "SHOP": "",
    # Fernet keys, newest first; the first encrypts, all decrypt.
    "ENCRYPTION_KEYS": [],
    # Base URL of the Selling Partner API; {region} becomes na, eu or fe.
    "ENDPOINT": "https://sellingpartnerapi-{region}.amazon.com",
    # The whole URL of Login with Amazon's token endpoint.
    "LWA_ENDPOINT": "https://api.amazon.com/auth/o2/token",
    # Where sellers authorise an application; {host} becomes sellercentral.amazon.de and the like.
    "SELLER_CENTRAL": "https://{host}",
    # Name of this deployment; writes leave only from the one that released an account.
    "DEPLOYMENT": "",
    # Redis for the rate limiter's buckets; without it they live in the database.
    "REDIS_URL": "",
    # A price that moves by more than this many per cent, from the last one or from that of 24 hours
    # ago, waits for approval.
    "PRICE_MOVE_PERCENT": 30,
    # What would move more than this share of the listings within an hour, and more than
    # RUN_MOVE_COUNT of them, waits for approval: prices, zeros and all else, each by itself.
    "RUN_MOVE_PERCENT": 50,
    "RUN_MOVE_COUNT": 20,
    # Seconds that Amazon has to make an accepted change live before a difference is drift
    # (docs/amazon.md#live-within-the-hour).
    "DRIFT_AFTER": 3600,
    # A rise of a quantity leaves only while orders are complete up to this many seconds ago.
    "ORDERS_FRESH": 600,
    # An export that changes more listings than this sends them by feed, up to 25,000 a file.
    "FEED_THRESHOLD": 1500,
    # A quantity of at most this many units never travels by feed, which may take hours.
    "FEED_LOW_STOCK": 10,
    # Orders that are complete only up to more than this many seconds ago are an alarm.
    "ORDERS_STALE": 3600,
    # Days that a buyer's payment usually takes; an order that is pending for longer is asked for by
    # its id once a day.
    "PENDING_DAYS": 7,
    # Days that runs and their lines are kept.
    "RUNS_KEPT_DAYS": 90,
    # Days after an order's delivery at which its buyer's data are erased; Amazon permits 30.
    "PERSONAL_DATA_DAYS": 30,
    # Days that Amazon's other data are kept: reports, what was sent, documents of old orders;
    # Amazon permits 18 months.
    "AMAZON_DATA_DAYS": 540,
    # Days after the sale that it is kept, apart and encrypted, whom an erased order was sold to, as
    # your tax law may want it; 0 keeps nobody.
    "TAX_DATA_DAYS": 0,
    # Days that it is kept who saw which buyer's data; Amazon wants 12 months.
    "VIEWS_KEPT_DAYS": 366,
    # Where staff reach this project, for links in e-mails; empty: the domain of the current site.
    "ADMIN_URL": "",
    # The European Central Bank's daily reference rates, as XML.
    "RATES_URL": "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml",
    # Dotted path of a function (base, currency) -> django_amazon_sync.data.Rate, or None.
    "RATES_CALLABLE": "",
    # Dotted path of a function (user) -> bool: whether the project knows that the user's e-mail
    # address is the user's own. Without it no order is given to a user who was there.
    "CUSTOMER_IS_VERIFIED": "",
    # A rate from more than this many days ago no longer holds.
    "RATES_MAX_AGE": 7,
    # A converted price that moves by at most this many per cent moves with the rate, and does
    # not count among the prices that move.
    "RATES_MOVE_PERCENT": 5,
    # Seconds that Amazon has to show a parcel that it accepted; then it goes once more, and after
    # as long again it wants a person.
    "PARCEL_SEEN_WITHIN": 3600,
    # OscarShop: codes of the shipping event types that mean "handed to the carrier".
    "SHIPPING_EVENTS": ["shipped"],
}


@overload
def get(name: TextSetting) -> str: ...
@overload
def get(name: NumberSetting) -> int: ...
@overload
def get(name: ListSetting) -> list[str]: ...
@overload
def get(name: str) -> object: ...
def get(name: str) -> object:
    """The value of one setting, or its default; an unknown name is a KeyError."""
    default = DEFAULTS[name]
    chosen: dict[str, object] = getattr(settings, "AMAZON_SYNC", {})
    return chosen.get(name, default)
