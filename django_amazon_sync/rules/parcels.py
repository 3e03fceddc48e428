"""Whether Amazon shows a parcel of ours: by its own reference, never by its tracking number.

Two parcels of one order may have one tracking number, and who confirmed an order by hand gave it a
number of theirs. What Amazon leaves out of a package (its number, its items) contradicts nothing.
See docs/amazon.md#a-confirmation-works-later.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from django_amazon_sync.data import OrderPackage

#: Amazon's status of a package that nobody sends any more.
CANCELLED = "CANCELLED"

#: A reference as we make them; no order has as many parcels as nine digits count.
_NUMBER = re.compile("[0-9]{1,8}")


class Standing(Enum):
    """Where a parcel stands among the packages of its order."""

    #: Under its own reference, with what Amazon was told.
    SEEN = auto()
    #: Under its own reference, with another tracking number.
    OTHER_NUMBER = auto()
    #: Under its own reference, with another carrier than the one that was corrected to.
    OTHER_CARRIER = auto()
    #: Under its own reference, with other items.
    OTHER_ITEMS = auto()
    #: Not there; packages that are not ours hold all of it, by its tracking number or as no room is
    #: left for it beside them.
    OTHERS = auto()
    #: Not there; packages that are not ours leave no room for all of it.
    NO_ROOM = auto()
    #: Not there.
    ABSENT = auto()


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel of ours; ``items`` are units by Amazon's item ids.

    ``left``: Amazon may have been told of it. Before, its reference is nobody's yet.
    ``corrected_carrier``: that of a parcel which Amazon has shown before, so that what it showed
    then does not prove a correction of the carrier.
    """

    reference: int
    tracking: str
    items: Mapping[str, int]
    left: bool = True
    corrected_carrier: str = ""


def standing_of(
    parcel: Parcel,
    packages: Iterable[OrderPackage],
    *,
    ours: Collection[int],
    spoken_for: Mapping[str, int],
    ordered: Mapping[str, int],
) -> Standing:
    """Where a parcel stands.

    ``ours`` are the references that Amazon was told by us; ``spoken_for`` are units in packages of
    others that stand for further parcels of ours; ``ordered`` are the order's units by item.
    """
    packages = [package for package in packages if package.status != CANCELLED]
    own = [package for package in packages if number_of(package) == parcel.reference]
    if parcel.left and own:
        return _as_told(parcel, own)
    others = others_among(packages, ours)
    held, shown = units_of(others), units_of(packages)
    wanted = parcel.items.items()
    covered = all(held[item] - spoken_for.get(item, 0) >= units for item, units in wanted)
    room = all(shown[item] + units <= ordered.get(item, 0) for item, units in wanted)
    if wanted and covered and not (room and _is_another(parcel, others)):
        return Standing.OTHERS
    if not room and any(held[item] for item in parcel.items):
        return Standing.NO_ROOM
    return Standing.ABSENT


def _is_another(parcel: Parcel, others: Iterable[OrderPackage]) -> bool:
    """Whether none of these has the parcel's tracking number, so that each is another parcel."""
    number = _folded(parcel.tracking)
    return not number or number not in {_folded(package.tracking) for package in others}


def _as_told(parcel: Parcel, own: Sequence[OrderPackage]) -> Standing:
    items = units_of(own)
    if items and items != +Counter(parcel.items):
        return Standing.OTHER_ITEMS
    numbers = {_folded(package.tracking) for package in own} - {""}
    if numbers - {_folded(parcel.tracking)}:
        return Standing.OTHER_NUMBER
    carriers = {_folded(package.carrier) for package in own} - {""}
    ours = _folded(parcel.corrected_carrier)
    if ours and any(not _is_alike(ours, shown) for shown in carriers):
        return Standing.OTHER_CARRIER
    return Standing.SEEN


def _is_alike(ours: str, shown: str) -> bool:
    """Whether two names may be of one carrier: Amazon may show DHL-Paket as DHL, and whom it has no
    code for as Other."""
    return ours.startswith(shown) or shown.startswith(ours) or shown == "other"


def number_of(package: OrderPackage) -> int:
    """The reference as a number; 0 where it is none of the kind that we make."""
    reference = package.reference.strip()
    return int(reference) if _NUMBER.fullmatch(reference) else 0


def others_among(packages: Iterable[OrderPackage], ours: Collection[int]) -> list[OrderPackage]:
    """The packages that somebody else told Amazon of, and that are not cancelled."""
    return [
        package
        for package in packages
        if number_of(package) not in ours and package.status != CANCELLED
    ]


def units_of(packages: Iterable[OrderPackage]) -> Counter[str]:
    """The units in these packages by Amazon's item ids."""
    units: Counter[str] = Counter()
    for package in packages:
        for item, quantity in package.items:
            units[item] += quantity
    return +units


def _folded(tracking: str) -> str:
    """A tracking number, or a carrier, without what people and carriers write it with."""
    return "".join(sign for sign in tracking.casefold() if sign.isalnum())
