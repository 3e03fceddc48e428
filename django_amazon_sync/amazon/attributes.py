"""Where the values of an offer stand among a listing's attributes.

Every attribute is an array of objects, its instances, and selectors tell them apart: marketplace,
currency and audience of an offer, the channel code of a quantity
(docs/amazon.md#attributes-are-arrays-of-instances). Several fields share one instance where they
are parts of the same offer or quantity; a patch then carries the whole instance as it is known, as
Amazon may drop what is left out (docs/amazon.md#unsent-parts-of-an-offer-may-vanish).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from django_amazon_sync.amazon.reading import TOO_LARGE, number_in, objs
from django_amazon_sync.data import Json, JsonObject, Money, Patch

Instance: TypeAlias = JsonObject

MARKETPLACE, CURRENCY, LANGUAGE = "marketplace_id", "currency", "language_tag"
AUDIENCE, CHANNEL = "audience", "fulfillment_channel_code"


@dataclass(frozen=True, slots=True)
class MarketplaceTerms:
    """The marketplace that a value is for; ``tax_included`` says whether prices there are."""

    marketplace: str
    currency: str
    language: str
    tax_included: bool


@dataclass(frozen=True, slots=True)
class Slot:
    """One attribute, and the selectors of the instance that is ours.

    ``fixed`` are selectors with one value (an audience, a channel). ``shared``: the instance holds
    the parts of several fields. ``general``: it goes with the product type PRODUCT, which never is
    wrong for offers and quantities (docs/amazon.md#product-fits-every-offer); all else goes with
    the listing's own.
    """

    attribute: str
    by: tuple[str, ...] = (MARKETPLACE,)
    fixed: tuple[tuple[str, str], ...] = ()
    shared: bool = False
    general: bool = False

    @property
    def key(self) -> str:
        """What no two requests may carry at the same time."""
        return " ".join([self.attribute, *(value for _name, value in self.fixed)])

    def selectors(self, terms: MarketplaceTerms) -> Instance:
        """The selectors of our instance."""
        values = {
            MARKETPLACE: terms.marketplace, CURRENCY: terms.currency, LANGUAGE: terms.language,
        }  # fmt: skip
        return {**{name: values[name] for name in self.by}, **dict(self.fixed)}

    def instances(self, attributes: Mapping[str, Json], terms: MarketplaceTerms) -> list[Instance]:
        """Our instances among the attributes of a listing; a selector that is left out fits."""
        wanted = self.selectors(terms)
        return [
            instance
            for instance in objs(attributes.get(self.attribute))
            if all(instance.get(name) in (value, None) for name, value in wanted.items())
        ]


OFFER = Slot(
    "purchasable_offer", (MARKETPLACE, CURRENCY), ((AUDIENCE, "ALL"),), shared=True, general=True
)
BUSINESS_OFFER = Slot(
    "purchasable_offer", (MARKETPLACE, CURRENCY), ((AUDIENCE, "B2B"),), general=True
)
AVAILABILITY = Slot(
    "fulfillment_availability", (), ((CHANNEL, "DEFAULT"),), shared=True, general=True
)


def set_patch(
    slot: Slot, terms: MarketplaceTerms, known: Mapping[str, Json], instances: Sequence[Instance]
) -> Patch:
    """Set our instances. Of a shared one ``known`` goes with it, so that its other parts stay."""
    selectors = slot.selectors(terms)
    base = dict(known) if slot.shared else {}
    # An offer is merged (docs/amazon.md#offers-can-be-merged); a quantity is replaced, with what
    # stands beside it (docs/amazon.md#a-quantity-cannot-be-merged, and its correction).
    op = "merge" if slot is OFFER else "replace"
    return _patch(op, slot, [{**base, **instance, **selectors} for instance in instances])


def removal_patch(
    slot: Slot, terms: MarketplaceTerms, known: Mapping[str, Json], parts: Iterable[str]
) -> Patch:
    """Take a value away: the parts of a shared instance, else the instance as a whole."""
    selectors = slot.selectors(terms)
    if not slot.shared:
        return _patch("delete", slot, [selectors])
    gone = set(parts)
    kept = {name: value for name, value in known.items() if name not in gone}
    return _patch("replace", slot, [{**kept, **selectors}])


def together(patches: Iterable[Patch]) -> list[Patch]:
    """Patches made one after another for one message: of a shared instance the last holds all."""
    last: dict[str, Patch] = {}
    for patch in patches:
        last[instance_key(patch)] = patch
    return list(last.values())


def instance_key(patch: Patch) -> str:
    """Which instance a patch is about."""
    first = patch["value"][0]
    names = (MARKETPLACE, CURRENCY, AUDIENCE, CHANNEL, LANGUAGE)
    return " ".join([patch["path"], *(str(first.get(name, "")) for name in names)])


def _patch(op: str, slot: Slot, instances: list[Instance]) -> Patch:
    return {"op": op, "path": f"/attributes/{slot.attribute}", "value": instances}


def schedule(amount: Money, **edges: str) -> list[Json]:
    """A price as an offer has it: an array in an array."""
    return [{"schedule": [{"value_with_tax": number(amount), **edges}]}]


def number(price: Money) -> int | float:
    """The price in whole minor units as a JSON number (12.9, and 1290 where there are none).

    Of at most 15 digits, so that the number is written back exactly.
    """
    amount = price.rounded().amount
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def first_schedule(value: Json) -> Instance:
    """The first schedule of a price that was read."""
    prices = objs(value)
    schedules = objs(prices[0].get("schedule")) if prices else []
    return schedules[0] if schedules else {}


def amount_in(value: Json, currency: str) -> Money | None:
    """A number that was read as money; None where it is none, or more than any price."""
    amount = number_in(value)
    if amount is None or abs(amount) >= TOO_LARGE:
        return None
    return Money(amount, currency).rounded()
