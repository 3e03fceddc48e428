"""Why a price or a quantity is sent that is another one than before, and what it is made of.

A cause is found by comparing: what the number is made of now with what the newest one that was
sent of the same listing was made of. It is asked for all listings of a look at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from django_amazon_sync import clock
from django_amazon_sync.data import CauseRow, PriceStepRow, QuantityReckoning, Reckoning
from django_amazon_sync.models import AmazonOrderLine, Cause, Listing, SubmissionItem
from django_amazon_sync.rules.prices import OWN, RATE, SHOP
from django_amazon_sync.sync.listings.history import NUMBERS, newest_sent
from django_amazon_sync.sync.listings.looks import SkuLook
from django_amazon_sync.sync.offers.desired import Desired
from django_amazon_sync.sync.offers.fields import QUANTITY, REMOVED
from django_amazon_sync.sync.runs.work import Work

#: An order is taken in so long after the change that Amazon dates: one of before is no cause.
TAKEN_IN_WITHIN = timedelta(hours=1)

#: Where no number was sent before, an order of so lately may be the cause of the first.
FIRST_NUMBERS = timedelta(days=7)


@dataclass(frozen=True)
class Story:
    """What a listing's numbers are made of, and why they are others than before, by field."""

    reckoning: Reckoning = field(default_factory=lambda: Reckoning())
    causes: Mapping[str, CauseRow] = field(default_factory=dict)

    def columns(self, names: Collection[str]) -> dict[str, object]:
        """The columns of a ``SubmissionItem`` that carries these fields."""
        causes = {name: cause for name, cause in self.causes.items() if name in names}
        orders = [cause["order"] for cause in causes.values() if cause["order"]]
        return {
            "reckoning": {name: its for name, its in self.reckoning.items() if name in names},
            "causes": causes,
            "order_number": orders[0] if orders else "",
        }


#: Of what has no number.
NO_STORY = Story()


@dataclass(frozen=True)
class Asked:
    """A listing (with its SKU) in a look, and what Amazon should have of it.

    ``names`` are the fields that are sent.
    """

    listing: Listing
    want: Desired
    look: SkuLook
    names: Collection[str]

    @property
    def is_explained(self) -> bool:
        """Whether an order, or a sale that the shop named, came since its quantity was sent."""
        sent_at = self.listing.quantity_version
        return 0 <= sent_at < self.look.explained_version

    @property
    def reckoning(self) -> Reckoning:
        """What its numbers are made of."""
        return self.want.reckoning or Reckoning()


def stories(work: Work, asked: Sequence[Asked]) -> dict[int, Story]:
    """The stories of these listings, by pk."""
    before = _sent_before(asked)
    codes = {
        each.listing.pk: {
            name: _code(work, name, each, before[name].get(each.listing.pk))
            for name in NUMBERS
            if name in each.names and name in each.want.values
        }
        for each in asked
    }
    by_order = [each for each in asked if codes[each.listing.pk].get(QUANTITY) == Cause.ORDER]
    orders = _orders(by_order, before[QUANTITY])
    return {
        each.listing.pk: Story(
            each.reckoning,
            {
                name: _cause(work, name, each, code, orders.get(each.listing.pk))
                for name, code in codes[each.listing.pk].items()
            },
        )
        for each in asked
    }


def _sent_before(asked: Sequence[Asked]) -> dict[str, dict[int, SubmissionItem]]:
    """By field, what was sent last of each listing (pk)."""
    if not asked:
        return {name: {} for name in NUMBERS}
    items = SubmissionItem.objects.select_related("submission").defer("submission__content")
    return newest_sent([each.listing.pk for each in asked], items)


def _cause(work: Work, name: str, each: Asked, code: Cause, order: str | None) -> CauseRow:
    """The cause with its order (None: none was found), and with whoever approved the value or asked
    for the run."""
    approval, asked_by = each.listing.approvals.get(name), work.run.asked_by
    by = asked_by.get_username() if asked_by else ""
    by = approval["by"] if approval is not None else by
    if code != Cause.ORDER:
        return CauseRow(code=code, order="", by=by)
    made_of = each.reckoning.get("quantity")
    if order is None and not (made_of and made_of["reserved"]):
        return CauseRow(code=Cause.UNKNOWN, order="", by=by)
    return CauseRow(code=code, order=order or "", by=by)


# --- Causes ---------------------------------------------------------------------------------------


def _code(work: Work, name: str, each: Asked, before: SubmissionItem | None) -> Cause:
    listing = each.listing
    if name in listing.approvals or each.want.values[name] == REMOVED:
        return Cause.PERSON
    if name == QUANTITY:
        found = _of_quantity(work, each, before)
    else:
        found = _of_price(each.reckoning.get("price"), before)
    if found is not None:
        return found
    if name in listing.drift:
        return Cause.DRIFT
    if before is None:
        return Cause.NEW
    # Made of the same as the last one, which did not arrive or is in doubt: it has its cause.
    cause = before.causes.get(name)
    return Cause(cause["code"]) if cause else Cause.UNKNOWN


def _of_quantity(work: Work, each: Asked, before: SubmissionItem | None) -> Cause | None:
    now = each.reckoning.get("quantity")
    if now is None:
        return Cause.GONE
    by_order = Cause.SALE if each.listing.sku.offer_pk in work.sold else Cause.ORDER
    if before is None:
        if now["reserved"]:
            return Cause.ORDER
        return by_order if each.is_explained else None
    then = before.reckoning.get("quantity")
    if then is None:
        if (was := before.causes.get(QUANTITY)) and was["code"] == Cause.GONE:
            return Cause.SHOP
        return by_order if each.is_explained else None
    return _first_that_differs(now, then, by_order, is_explained=each.is_explained)


def _first_that_differs(
    now: QuantityReckoning, then: QuantityReckoning, by_order: Cause, *, is_explained: bool
) -> Cause | None:
    if now["reserved"] != then["reserved"]:
        return Cause.ORDER
    if now["kept_back"] != then["kept_back"] and now["stock"] == then["stock"]:
        return Cause.RULE
    if now["set"] != then["set"]:
        return Cause.PERSON
    if now["stock"] != then["stock"]:
        return by_order if is_explained else Cause.SHOP
    return None


def _of_price(now: Sequence[PriceStepRow] | None, before: SubmissionItem | None) -> Cause | None:
    then = before.reckoning.get("price") if before is not None else None
    if not now or not then:
        return Cause.PERSON if now and now[0]["kind"] == OWN else None
    if OWN in (now[0]["kind"], then[0]["kind"]):
        return Cause.PERSON if now != then else None
    if _of(now, SHOP) != _of(then, SHOP):
        return Cause.SHOP
    if _of(now, RATE) != _of(then, RATE):
        return Cause.RATE
    return Cause.RULE if now != then else None


def _of(steps: Sequence[PriceStepRow], kind: str) -> list[object]:
    """What the steps of this kind come to or go by: the shop's price, or the rate."""
    return [step["rate"] or step["price"] for step in steps if step["kind"] == kind]


# --- Orders ---------------------------------------------------------------------------------------


def _orders(asked: Sequence[Asked], before: Mapping[int, SubmissionItem]) -> dict[int, str]:
    """By listing (pk) the number of the newest order of its offer that changed since its last
    quantity was sent; empty where that is another account's, which is nobody's who reads it."""
    since = {each.listing.pk: _since(before.get(each.listing.pk)) for each in asked}
    offers = {each.listing.sku.offer_pk for each in asked} - {""}
    if not offers:
        return {}
    first = min(since.values())
    lines = AmazonOrderLine.objects.filter(
        Q(order__updated_at__gte=first) | Q(order__placed_at__gte=first),
        offer_pk__in=offers,
        order__takes_stock=True,
    )
    columns = "offer_pk", "order__account", "order__number", "order__updated_at", "order__placed_at"
    newest: dict[str, tuple[datetime, int, str]] = {}
    for offer, account, number, *changed in lines.order_by("order_id").values_list(*columns):
        at = max(moment for moment in changed if moment is not None)
        if offer not in newest or at >= newest[offer][0]:
            newest[offer] = (at, account, number)
    return {
        each.listing.pk: found[2] if found[1] == each.listing.sku.account_id else ""
        for each in asked
        if (found := newest.get(each.listing.sku.offer_pk)) and found[0] >= since[each.listing.pk]
    }


def _since(before: SubmissionItem | None) -> datetime:
    if before is None:
        return clock.now() - FIRST_NUMBERS
    return before.submission.created_at - TAKEN_IN_WITHIN
