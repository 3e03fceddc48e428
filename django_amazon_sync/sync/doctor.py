"""The doctor of a connection: each permission that the app needs, tried by itself.

A missing role and a wrong path give the same answer
(docs/amazon.md#a-missing-role-looks-like-a-wrong-path), so nothing is concluded from one call about
another. No call changes anything, and all of it ends within some seconds, also where Amazon is busy
or away: somebody is waiting for the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.utils.translation import gettext

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon import (
    feeds,
    listings,
    orders,
    product_types,
    reports,
)
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.data import OrderData
from django_amazon_sync.errors import (
    AmazonSyncError,
    Disconnected,
    NotFound,
    Throttled,
    Unavailable,
)
from django_amazon_sync.models import SellerAccount
from django_amazon_sync.rules.statuses import ships_by_amazon
from django_amazon_sync.sync.accounts.access import Part, works
from django_amazon_sync.sync.accounts.attempts import ATTEMPTS
from django_amazon_sync.sync.accounts.connect import client_for
from django_amazon_sync.sync.accounts.selling import try_selling
from django_amazon_sync.sync.runs.work import why_not_writing

#: Seconds after which nothing more is tried, and those that one call may take at each step.
ENDS_AFTER, TIMEOUT, PATIENCE = 8.0, (3.0, 5.0), 1.0

#: Orders of so many days are looked at for buyers' data.
LOOKS_BACK = timedelta(days=30)

#: Statuses in which Amazon shows the address of an order that the merchant ships.
WITH_ADDRESS = ("UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED")


@dataclass(frozen=True)
class Finding:
    """One permission: whether it works (None: it could not be tried), and in one sentence why."""

    what: str
    works: bool | None
    sentence: str


def last_moment() -> float:
    """When a check that begins now tries nothing more, by the monotonic clock."""
    return clock.monotonic() + ENDS_AFTER


def check_account(account: SellerAccount, ends: float | None = None) -> list[Finding]:
    """Try each permission; what Amazon answers is in the findings, and not raised.

    ``ends`` is the last moment of a check of several accounts.
    """
    codes = list(account.marketplaces.order_by("code").values_list("code", flat=True))
    if not codes:
        return [Finding("marketplaces", False, "The account has no marketplace; add one.")]
    client = client_for(account, patience=PATIENCE, timeout=TIMEOUT)
    tried = _Check(account, client, codes, last_moment() if ends is None else ends)
    return [*tried.findings(), _shipments(), _writing(account)]


@dataclass
class _Check:
    account: SellerAccount
    client: Client
    codes: list[str]
    ends: float
    gone: str = ""
    _seen: list[OrderData] | None = None

    def findings(self) -> Iterator[Finding]:
        client, codes, marketplace = self.client, self.codes, self.codes[0]
        an_hour_ago = clock.now() - timedelta(hours=1)
        yield self._try(
            "account",
            gettext("works: the seller sells in all stores of the account."),
            partial(try_selling, self.account, client),
        )
        for code, store in self._stores():
            yield self._try(
                f"listings{store}",
                gettext("works: listings can be read."),
                partial(listings.get_listing, client, "connection-test", [code]),
            )
            yield self._try(
                f"changes{store}",
                gettext("works: listings can be changed; nothing was changed to find that out."),
                partial(listings.try_writing, client, code),
            )
        yield self._try(
            "product types",
            gettext("works: Amazon's product types can be searched."),
            partial(product_types.search_product_types, client, marketplace, keywords=("book",)),
        )
        yield self._try(
            "catalogue",
            gettext("works: Amazon's catalogue can be read."),
            partial(ATTEMPTS[Part.CATALOGUE], client, codes),
            Part.CATALOGUE,
        )
        yield self._try("orders", gettext("works: orders can be read."), self._look_at_orders)
        yield self._buyers()
        yield self._try(
            "inventory",
            gettext("works: stock in Amazon's own warehouses can be read."),
            partial(ATTEMPTS[Part.AMAZON_STOCK], client, codes),
            Part.AMAZON_STOCK,
        )
        yield self._try(
            "reports",
            gettext("works: reports can be read."),
            partial(reports.get_report, client, "0"),
        )
        yield self._try(
            "feeds",
            gettext("works: feeds can be read; the same role lets them be sent."),
            partial(feeds.get_feeds, client, marketplace, an_hour_ago),
        )

    def _stores(self) -> Iterator[tuple[str, str]]:
        """The marketplaces (id), and how each is named where there are several."""
        for code in self.codes:
            yield code, f", {MARKETPLACES[code].store_domain}" if len(self.codes) > 1 else ""

    def _try(
        self, what: str, says: str, attempt: Callable[[], object], part: Part | None = None
    ) -> Finding:
        """Try one permission; a ``part`` that works and was lacking is noted."""
        if not self.gone and clock.monotonic() > self.ends:
            self.gone = gettext("Amazon answers slowly; check again later.")
        if self.gone:
            return Finding(what, None, gettext("Not tried: %(why)s") % {"why": self.gone})
        try:
            attempt()
        except NotFound:
            return Finding(what, True, says)  # Amazon knows who asks: the way is open
        except Throttled as busy:
            return Finding(what, None, gettext("Not tried: %(why)s") % {"why": busy})
        except (Disconnected, Unavailable) as error:
            self.gone = str(error)
            return Finding(what, False, str(error))
        except AmazonSyncError as error:
            return Finding(what, False, str(error))
        if part is not None:
            works(self.account, part)
        return Finding(what, True, says)

    def _look_at_orders(self) -> None:
        page = orders.search_orders(
            self.client,
            marketplaces=self.codes,
            updated_after=clock.now() - LOOKS_BACK,
        )
        self._seen = [order for order, _raw in page.orders if isinstance(order, OrderData)]

    def _buyers(self) -> Finding:
        """A role that is missing takes buyers' data away without an error.

        See docs/amazon.md#missing-roles-remove-buyers-data.
        """
        what = "buyers' data"
        if self._seen is None:
            return Finding(what, None, gettext("Not tried: no orders could be read."))
        shown = [
            order.delivery
            for order in self._seen
            if not ships_by_amazon(order.fulfilled_by) and order.status in WITH_ADDRESS
        ]
        if not shown:
            return Finding(
                what,
                None,
                gettext("Not tried: there is no order of the last 30 days to see it by."),
            )
        if any(address and (address.name or address.line1) for address in shown):
            return Finding(what, True, gettext("works: names and addresses of buyers are there."))
        return Finding(
            what,
            False,
            gettext(
                "Amazon hides names and addresses: the application lacks the restricted role "
                "Direct-to-Consumer Delivery (or Tax Invoicing); give it the role, then authorise "
                "it again."
            ),
        )


def _shipments() -> Finding:
    return Finding(
        "shipments",
        None,
        gettext(
            "Not tried, as it would change an order; the role is that of orders: Inventory and "
            "Order Tracking, or Direct-to-Consumer Delivery."
        ),
    )


def _writing(account: SellerAccount) -> Finding:
    if account.writes_from(conf.get("DEPLOYMENT")):
        return Finding("writing", True, gettext("works: this deployment may write to Amazon."))
    return Finding("writing", False, why_not_writing(account))
