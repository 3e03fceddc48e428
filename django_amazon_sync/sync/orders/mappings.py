"""What staff chose for Amazon's orders: the shop's methods and statuses for Amazon's words.

Amazon's words are compared without regard to case. What was mapped goes first, then a method of
the shop that has the same name, then the account's default.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django_amazon_sync.data import Choices, Menu, MenuItem, OrderData
from django_amazon_sync.errors import MappingMissing, PaymentUnmatched
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import AmazonOrder, SellerAccount
from django_amazon_sync.rules.statuses import status_now
from django_amazon_sync.shops.base import Shop

#: The reasons of orders that lack a mapping; each is placed by itself once its own is there.
MAPPING_CODES = (MappingMissing.code, PaymentUnmatched.code)

#: The method of a shop that takes what Amazon collected, where Amazon does not say how.
AMAZON = "amazon"


@dataclass(frozen=True)
class MappedChoices:
    """The mappings of one account, read once for a whole run."""

    account: SellerAccount
    menu: Menu
    shipping: dict[str, str]
    payment: dict[str, str]

    @classmethod
    def of(cls, account: SellerAccount, shop: Shop) -> MappedChoices:
        """The account's mappings and the shop's menu, in a fixed number of queries."""
        shipping = account.shipping_mappings.values_list("service_level", "shop_method")
        payment = account.payment_mappings.values_list("method", "shop_method")
        return cls(account, shop.menu(), _folded(shipping), _folded(payment))

    def for_new(self, order: AmazonOrder, data: OrderData) -> Choices:
        """What to place an order with, for a guest.

        Raises MappingMissing, or PaymentUnmatched where that is all, with every reason at once.
        """
        if missing := self._missing(data.service_level, data.payment_methods, status_now(data)):
            raise missing
        return Choices(
            shipping_method=self.shipping_for(data.service_level),
            payment_method=self.payment_for(data.payment_methods),
            status=self.status_for(status_now(data)),
            takes_stock=order.takes_stock,
            scope=self.account.shop_scope,
        )

    def for_placed(self, order: AmazonOrder, data: OrderData) -> Choices:
        """What to update an order with; methods that are missing by now stop nothing.

        The shop's status follows Amazon's where that changed, and is staff's own in between.
        """
        now = status_now(data)
        return Choices(
            shipping_method=self.account.default_shipping_method,
            payment_method=self.account.default_payment_method,
            status=self.status_for(now) if now != order.told_status else "",
            takes_stock=order.takes_stock,
            scope=self.account.shop_scope,
        )

    def stops(self, order: AmazonOrder) -> MappingMissing | None:
        """Why an order that was put aside for want of a mapping cannot be placed yet."""
        return self._missing(order.service_level, order.payment_methods, order.status)

    def _missing(
        self, service_level: str, methods: Sequence[str], status: str
    ) -> MappingMissing | None:
        """All that staff have to choose before such an order can be placed."""
        choices: tuple[Callable[[], None], ...] = (
            lambda: self._of_menu(self.shipping_for(service_level), self.menu.shipping_methods),
            lambda: self._of_menu(self.payment_for(methods), self.menu.payment_methods),
            lambda: self._of_statuses(self.status_for(status)),
        )
        found: list[MappingMissing] = []
        for choose in choices:
            try:
                choose()
            except MappingMissing as missing:
                found.append(missing)
        if len(found) > 1:
            return MappingMissing(" ".join(map(str, found)))
        return found[0] if found else None

    def _of_menu(self, method: str, offered: Sequence[MenuItem]) -> None:
        if method and method not in {item.code for item in offered}:
            said = Message(Code.NO_SUCH_METHOD, method=method, account=str(self.account))
            raise MappingMissing(said)

    def _of_statuses(self, status: str) -> None:
        if status and status not in {item.code for item in self.menu.statuses}:
            said = Message(Code.NO_SUCH_STATUS, status=status, account=str(self.account))
            raise MappingMissing(said)

    def fingerprint(self, order: AmazonOrder) -> str:
        """A hash of what an order would be placed with now; another one is worth another try."""
        made_of: list[object] = [order.fingerprint, order.takes_stock, self.account.shop_scope]
        made_of += [self.account.import_customers, self.account.create_products]
        choices: tuple[Callable[[], str], ...] = (
            lambda: self.shipping_for(order.service_level),
            lambda: self.payment_for(order.payment_methods),
            lambda: self.status_for(order.status),
        )
        for choose in choices:
            try:
                made_of.append(choose())
            except MappingMissing:
                made_of.append(None)
        made_of += [self.menu.shipping_methods, self.menu.payment_methods, self.menu.statuses]
        return hashlib.sha256(repr(made_of).encode()).hexdigest()

    def shipping_for(self, service_level: str) -> str:
        """The shop's shipping method for one of Amazon's service levels. Raises MappingMissing."""
        chosen = self.shipping.get(service_level.casefold(), self.account.default_shipping_method)
        if not chosen:
            raise MappingMissing(Message(Code.NO_SHIPPING_METHOD, account=str(self.account)))
        return chosen

    def payment_for(self, methods: Sequence[str]) -> str:
        """The shop's payment method for those that Amazon names. Raises PaymentUnmatched.

        Of several the first that is matched counts. Where Amazon names none, nothing is wrong:
        without a default the shop's method for Amazon serves, or none.
        """
        offered = _by_name(self.menu.payment_methods)
        for method in methods:
            folded = method.casefold()
            if chosen := self.payment.get(folded) or offered.get(folded):
                return chosen
        if self.account.default_payment_method:
            return self.account.default_payment_method
        if methods:
            raise PaymentUnmatched(
                Message(
                    Code.NO_PAYMENT_METHOD,
                    methods=", ".join(methods),
                    account=str(self.account),
                )
            )
        return offered.get(AMAZON, "")

    def status_for(self, status: str) -> str:
        """The shop's status for one of Amazon's; empty where staff mapped none."""
        return str(self.account.order_statuses.get(status, ""))


def _folded(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {amazons.casefold(): shops for amazons, shops in pairs}


def _by_name(items: Iterable[MenuItem]) -> dict[str, str]:
    """The code of each item by its name, and by its code, which goes before a name."""
    items = list(items)
    names = {item.label.casefold(): item.code for item in reversed(items)}
    return names | {item.code.casefold(): item.code for item in items}
