"""Parcels in a history: what Amazon was told of them, and what has to be true of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django_amazon_sync.models import Job, Shipment, ShipmentState
from django_amazon_sync.testing.simulator.server import Incoming, Reply
from tests.plainshop.models import Parcel, ParcelLine

if TYPE_CHECKING:
    from tests.histories.world import World

#: Nothing of these is open: Amazon shows it, or staff read why not.
SETTLED = (ShipmentState.SEEN, *(
    WITH_A_REASON := (
        ShipmentState.DONE, ShipmentState.UNSEEN, ShipmentState.REFUSED, ShipmentState.WAITING,
    )
))  # fmt: skip

#: Rounds of an hour or so after which no parcel is on its way.
ROUNDS_TO_REST = 6


@dataclass
class Parcels:
    """What the shop did with its parcels, and what left for Amazon of them."""

    world: World
    #: Of each tracking number that ever was one, the parcel (pk).
    parcel_of: dict[str, int] = field(default_factory=dict)
    #: Of a parcel that the shop took back, its tracking numbers, with when.
    taken_back: dict[str, float] = field(default_factory=dict)
    #: By order and parcel: under which references Amazon may have it.
    _references: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    #: By order and reference: the units that Amazon was told of.
    _units: dict[str, dict[str, Counter[str]]] = field(default_factory=lambda: defaultdict(dict))

    # --- The shop --------------------------------------------------------------------------------

    def new_number(self, parcel: Parcel) -> str:
        """A tracking number that no other parcel has, or had."""
        number = f"JD{len(self.parcel_of):08}"
        self.parcel_of[number] = parcel.pk
        return number

    def numbers_of(self, parcel: Parcel) -> list[str]:
        return [number for number, pk in self.parcel_of.items() if pk == parcel.pk]

    def may_be_at_amazon(self, parcel: Parcel) -> bool:
        return any(pk == parcel.pk and told for (_order, pk), told in self._references.items())

    # --- What leaves -----------------------------------------------------------------------------

    def hears(self, incoming: Incoming, reply: Reply) -> None:
        """A confirmation, and what Amazon made of it."""
        if incoming.segments[-1] != "shipmentConfirmation":
            return
        number, detail = incoming.segments[-2], incoming.json()["packageDetail"]
        tracking, reference = detail["trackingNumber"], detail["packageReferenceId"]
        self._judge_taken_back(number, tracking)
        if 400 <= reply.status < 500:
            return
        order = self.world.amazon.order(number)
        if (pk := self.parcel_of.get(tracking)) is not None:
            told = self._references[number, pk]
            told.add(reference)
            if len(told) > 1:
                self._violated("parcel twice", f"{tracking} of {number} is {sorted(told)}")
        units = Counter({row["orderItemId"]: row["quantity"] for row in detail["orderItems"]})
        self._units[number][reference] = units
        self._judge_units(number, order)

    def _violated(self, kind: str, sentence: str) -> None:
        self.world.judge.violated(kind, sentence)

    def _judge_taken_back(self, number: str, tracking: str) -> None:
        at, at_work = self.taken_back.get(tracking), self.world.judge.at_work
        if at is not None and at_work and at_work[-1].begun > at:
            self._violated(
                "taken back, and sent", f"the shop took {tracking} of {number} back before"
            )

    def _judge_units(self, number: str, order: dict[str, Any]) -> None:
        """What is cancelled meanwhile was packed all the same."""
        told: Counter[str] = sum(self._units[number].values(), Counter())
        for item in order["orderItems"]:
            units, ordered = told[item["orderItemId"]], item["quantityOrdered"]
            if units > ordered and "cancellation" not in item:
                self._violated("too many units", f"{units} of {ordered} of {number} are confirmed")

    # --- Between two steps -----------------------------------------------------------------------

    def looks(self) -> None:
        """What counts as seen is there, under its own reference with its own units."""
        with self.world.judge.aside():
            seen = list(
                Shipment.objects.filter(state=ShipmentState.SEEN)
                .order_by("pk")
                .values_list("order__number", "reference", "items", "tracking")
            )
        for number, reference, items, tracking in seen:
            there = self._packages(number).get(str(reference))
            if there is None or there["trackingNumber"] != tracking or _items(there) != dict(items):
                self._violated(
                    "seen, and not there", f"{tracking} of {number} under {reference}: {there}"
                )

    def _packages(self, number: str) -> dict[str, dict[str, Any]]:
        order = self.world.amazon.order(number)
        return {one["packageReferenceId"]: one for one in order.get("packages", [])}

    # --- At rest ---------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """What is on its way arrives, and Amazon is asked for it."""
        if not self.world.judge.by_parcels:
            return
        for _ in range(ROUNDS_TO_REST):
            self.world.pass_time(4000)
            self.world.do(Job.IMPORT_ORDERS)
            self.world.do(Job.CONFIRM_SHIPMENTS)
            with self.world.judge.aside():
                if not Shipment.objects.exclude(state__in=SETTLED).exists():
                    return

    def judge_rest(self) -> None:
        """Each parcel of the shop is at Amazon as it is, or in a list with its reason."""
        if not self.world.judge.by_parcels:
            return
        with self.world.judge.aside():
            rows = {row.shop_pk: row for row in Shipment.objects.defer("order__document")}
            lines = ParcelLine.objects.select_related("parcel", "line__order").order_by("pk")
            parcels = {line.parcel_id: (line.parcel, line.line.order.reference) for line in lines}
        for parcel, number in parcels.values():
            if fault := self._fault(parcel, number, rows.get(str(parcel.pk))):
                self._violated("parcel is not told", f"{parcel.tracking} of {number}: {fault}")

    def _fault(self, parcel: Parcel, number: str, row: Shipment | None) -> str:
        shown = self._packages(number).values()
        if parcel.tracking and parcel.tracking in [one["trackingNumber"] for one in shown]:
            return ""
        status = self.world.amazon.order(number)["fulfillment"]["fulfillmentStatus"]
        if row is None:
            return "" if status in ("SHIPPED", "CANCELLED") else "nobody noted it"
        if row.state not in WITH_A_REASON:
            return f"it is {row.state}, and Amazon shows {[*shown]}"
        return "" if row.reason else f"it is {row.state} without a reason"


def _items(package: dict[str, Any]) -> dict[str, int]:
    return {row["orderItemId"]: row["quantity"] for row in package["packageItems"]}
