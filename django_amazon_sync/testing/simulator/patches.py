"""What a patch does to the attributes of a listing.

An attribute is a list of instances, and an instance is addressed by its selectors: an
operation touches the instances whose selectors it names, and no other. The same functions
work on the echo at once and on the live values later. An instance is replaced, never changed,
so that any number of listings may hold the same one.
"""

from typing import Any

from .answers import Json
from .marketplaces import Marketplace
from .switches import Switches

OFFER = "purchasable_offer"
AVAILABILITY = "fulfillment_availability"

SELECTORS = {
    OFFER: ("marketplace_id", "currency", "audience"),
    AVAILABILITY: ("fulfillment_channel_code",),
    "list_price": ("marketplace_id", "currency"),
    "item_name": ("marketplace_id", "language_tag"),
    "condition_note": ("marketplace_id", "language_tag"),
}


def selectors(name: str) -> tuple[str, ...]:
    """The keys that tell the instances of an attribute apart."""
    return SELECTORS.get(name, ("marketplace_id",))


def completed(name: str, instance: Json, marketplace: Marketplace) -> Json:
    """A sent instance with the selectors that Amazon fills in itself."""
    instance = dict(instance)
    if name != AVAILABILITY:
        instance.setdefault("marketplace_id", marketplace.id)
    if name == OFFER:
        instance.setdefault("currency", marketplace.currency)
        instance.setdefault("audience", "ALL")
    if name == "list_price":
        instance.setdefault("currency", marketplace.currency)
    if "language_tag" in selectors(name):
        instance.setdefault("language_tag", marketplace.language)
    return instance


def complete_all(attributes: Json, marketplace: Marketplace) -> Json:
    """Every attribute of a PUT, completed."""
    return {
        name: [completed(name, instance, marketplace) for instance in instances]
        for name, instances in attributes.items()
    }


def _address(name: str, instance: Json) -> tuple[Any, ...]:
    return tuple(instance.get(selector) for selector in selectors(name))


def apply_patch(
    attributes: Json, op: str, name: str, instances: list[Json], switches: Switches
) -> None:
    """Change ``attributes`` in place: replace, add (which replaces), merge or delete instances.

    An instance that matches none of those present is added, by ``replace`` too: this is how
    a merchant quantity makes a second channel on a SKU that Amazon fulfils
    (docs/amazon.md#replace-without-a-match-adds).
    """
    present = attributes.get(name, [])
    sent = {_address(name, instance) for instance in instances}
    former = {_address(name, instance): instance for instance in present}
    kept = [instance for instance in present if _address(name, instance) not in sent]
    if op != "delete":
        keeps = _keeps_unsent(op, name, switches)
        kept += [
            _merged(former.get(_address(name, instance), {}), instance) if keeps else instance
            for instance in instances
        ]
    if kept:
        attributes[name] = kept
    else:
        attributes.pop(name, None)


def _merged(former: Json, sent: Json) -> Json:
    """The former instance with the sent parts; an empty part does not remove one."""
    return {**former, **{part: value for part, value in sent.items() if value != []}}


def _keeps_unsent(op: str, name: str, switches: Switches) -> bool:
    if op == "merge":
        return switches.merge == "keeps"
    return name == OFFER and switches.replace_offer == "keeps"
