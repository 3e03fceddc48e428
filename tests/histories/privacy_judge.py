"""Buyers' data in a history: whose go and whose stay, in every row of ours and of the shop's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import connection

from django_amazon_sync.management.commands.amazon_rotate_keys import encrypted_columns
from django_amazon_sync.models import AmazonOrder, Job
from django_amazon_sync.sync.privacy import erase
from tests.plainshop.models import Order

if TYPE_CHECKING:
    from tests.histories.world import World

#: Buyers are needed for so long after the order is over.
DAYS = timedelta(days=30)

#: Amazon's statuses of orders of which nothing is to be sent any more.
OVER = ("SHIPPED", "CANCELLED")

#: Words that are a person's alone; each fits into the shortest column.
_WORD = re.compile(r"qx\d{6}", re.IGNORECASE)


@dataclass
class People:
    """The buyers with words of their own, and what is left of them."""

    world: World
    #: Each word and the orders that it is in.
    words: dict[str, set[str]] = field(default_factory=dict)
    #: Orders whose erasing was asked for.
    asked: set[str] = field(default_factory=set)
    _erased: set[str] = field(default_factory=set)
    #: Total, currency, country and city of the shop's orders, as they were.
    _kept: dict[str, tuple[object, ...]] = field(default_factory=dict)

    def another(self, who: int) -> tuple[dict[str, Any], list[str]]:
        """What a buyer says of themselves in one more order, and the words in it.

        One person has one e-mail address, as Amazon gives it.
        """
        mail = f"qx99{who:04}"
        new = [f"qx{len(self.words) + place:06}" for place in range(8)]
        name, company, recipient, street, more, postcode, phone, gift = new
        return {
            "buyer": {
                "buyerName": f"Ann {name}",
                "buyerEmail": f"{mail}@buyers.example.com",
                "buyerCompanyName": f"{company} Ltd",
            },
            "address": {
                "name": f"Ann {recipient}",
                "addressLine1": f"7 {street} Mews",
                "addressLine2": f"Attic {more}",
                "postalCode": postcode,
                "phone": f"+49 {phone}",
            },
            "gift_message": f"Dearest {gift}",
        }, [mail, *new]

    def bought(self, number: str, words: list[str]) -> None:
        for word in words:
            self.words.setdefault(word, set()).add(number)

    # --- Between two steps -----------------------------------------------------------------------

    def looks(self) -> None:
        """What is erased is gone and stays so; what is not due is there."""
        if not self.words:
            return
        with self.world.judge.aside():
            rows = {row.number: row for row in AmazonOrder.objects.defer("document")}
            shop = {order.reference: order for order in Order.objects.all()}
            erased = {number for number, row in rows.items() if row.erased_at}
            left = set(_WORD.findall(_everything().lower())) if erased else set()
        for number in sorted(erased - self._erased):
            if fault := self._too_soon(number):
                self._violated("erased too soon", f"{number} {fault}")
        self._erased |= erased
        for word in sorted(left & self.words.keys()):
            if self.words[word] <= erased:
                self._violated("not erased", f"{word} of {sorted(self.words[word])} is left")
        for number in sorted(self._numbers & shop.keys()):
            self._judge_what_stays(shop[number], number in erased)

    def _violated(self, kind: str, sentence: str) -> None:
        self.world.judge.violated(kind, sentence)

    @property
    def _numbers(self) -> set[str]:
        return {number for numbers in self.words.values() for number in numbers}

    def _too_soon(self, number: str) -> str:
        """Why its buyer was still needed; empty where not."""
        order = self.world.amazon.order(number)
        status = order["fulfillment"]["fulfillmentStatus"]
        if status not in OVER:
            return f"is {status}"
        if number in self.asked:
            return ""
        limit = self.world.clock.now() - DAYS
        over = max(_moments(order)) if status == "SHIPPED" else _at(order["createdTime"])
        return f"was over at {over}" if over > limit else ""

    def _judge_what_stays(self, order: Order, erased: bool) -> None:
        kept = (order.total, order.currency, order.country, order.city)
        before = self._kept.setdefault(order.reference, kept)
        if kept[1:] != before[1:] or not order.country:
            self._violated("not to be erased", f"{order.reference} had {before}, and has {kept}")
        if not erased and not _WORD.search(f"{order.customer} {order.street}".lower()):
            self._violated("gone before its time", f"the shop knows no buyer of {order.reference}")

    # --- After a round, and at rest ---------------------------------------------------------------

    def judge_round(self) -> None:
        """All whose time was over by all that Amazon says are erased."""
        limit = self.world.clock.now() - DAYS
        with self.world.judge.aside():
            rows = list(AmazonOrder.objects.filter(erased_at=None).defer("document"))
        for row in rows:
            order = self.world.amazon.order(row.number)
            over = row.status in OVER and order["fulfillment"]["fulfillmentStatus"] == row.status
            if over and max(_at(order["lastUpdatedTime"]), *_moments(order)) < limit:
                self._violated("never erased", f"{row.number} is over since {limit}")

    def come_to_rest(self) -> None:
        """The time of all orders that are over is over, and a round erases them."""
        if not self.words:
            return
        self.world.pass_time(40 * 86400)
        self.world.do(Job.IMPORT_ORDERS)
        self.purge()
        self.judge_round()

    def purge(self) -> None:
        """A round, which somebody let begin."""
        if self.world.account.erases_since is None:
            self.world.workers.work(lambda: erase.allow(self.world.account, "clerk"))
        self.world.workers.work(self.round)

    def round(self) -> None:
        done = erase.erase_due_of(self.world.account)
        self.world.say(f"-> {done.counts if done else 'nothing is due'}")
        if done and done.counts.get("failed"):
            self._violated("never erased", f"{done.counts['failed']} orders cannot be erased")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _moments(order: dict[str, Any]) -> Iterator[datetime]:
    """When it was placed, promised and shipped, as far as that is known."""
    yield _at(order["createdTime"])
    yield _at(order["fulfillment"]["deliverByWindow"]["latestDateTime"])
    for package in order.get("packages", []):
        yield _at(package["shipTime"])


def _everything() -> str:
    """Every row of ours and of the shop's, what is encrypted opened, too."""
    said: list[str] = []
    with connection.cursor() as cursor:
        for label in ("django_amazon_sync", "plainshop"):
            for model in apps.get_app_config(label).get_models():
                cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
                said += map(str, cursor.fetchall())
    for model, column in encrypted_columns():
        said += map(str, model._default_manager.values_list(column, flat=True))
    return "\n".join(said)
