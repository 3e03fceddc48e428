"""What a change of rules changes at Amazon, in the words of a shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import conf
from django_amazon_sync.admin.common.formatting import link, value_text
from django_amazon_sync.admin.common.words import store_name
from django_amazon_sync.models import Lack, Listing
from django_amazon_sync.rules.guards import OTHERS, PRICES, ZEROS
from django_amazon_sync.sync.export.rule_changes import Effects, Example, Tally
from django_amazon_sync.sync.offers.fields import FIELDS, PRICE, QUANTITY

#: A number, as a sentence has it.
Count: TypeAlias = Callable[[int], dict[str, object]]

#: What a guard says of all that it counts, where there is too much of it.
TOO_MUCH = {
    PRICES: _("So many prices would change within an hour that all of them will wait for "
              "approval."),
    ZEROS: _("So many listings would go to 0 within an hour that all of them will wait for "
             "approval."),
    OTHERS: _("So many listings would change within an hour that all of these changes will wait "
              "for approval."),
}  # fmt: skip


class Shown(NamedTuple):
    """One row of the examples."""

    listing: SafeString | str
    store: str
    field: str
    old: str
    new: str
    waits: bool


@dataclass(frozen=True)
class EffectsInWords:
    """The effects on one account: for each store its sentences, and examples."""

    effects: Effects
    may_see_listings: bool

    @property
    def stores(self) -> list[tuple[str, list[str]]]:
        """Each store of which something changes, with what does."""
        effects = self.effects
        cut = effects.cut_after is not None
        return [
            (
                store_name(tally.code),
                [*_of_refusal(effects.refused.get(pk)), *_sentences(tally, at_least=cut)],
            )
            for pk, tally in effects.tallies.items()
            if tally
        ]

    @property
    def account(self) -> str:
        return str(self.effects.change.account)

    @property
    def too_much(self) -> list[str]:
        """What is so much that a guard holds all of it."""
        return [str(text) for kind, text in TOO_MUCH.items() if kind in self.effects.too_much]

    @property
    def examples(self) -> list[Shown]:
        return [self._shown(example) for example in self.effects.examples]

    def _shown(self, example: Example) -> Shown:
        sku: SafeString | str = format_html("{}", example.sku)
        if self.may_see_listings:
            sku = link(Listing(pk=example.listing), example.sku)
        return Shown(
            sku,
            store_name(self.effects.tallies[example.marketplace].code),
            str(capfirst(FIELDS[example.name].label)),
            value_text(example.name, example.old),
            value_text(example.name, example.new),
            example.waits,
        )


def _of_refusal(lack: Lack | None) -> Iterator[str]:
    """That nothing goes there for now, however many would."""
    if lack is not None:
        text = (
            gettext(
                "%(what)s: Amazon refuses it now. What follows goes once Amazon allows it again, "
                "save quantities of 0, which go at once."
            )
            if lack.part == Lack.Part.LISTINGS
            else gettext(
                "%(what)s: Amazon refuses it now. What follows goes once Amazon allows it again."
            )
        )
        yield text % {"what": lack.what}


def _sentences(tally: Tally, *, at_least: bool) -> Iterator[str]:
    """What changes in one store; ``at_least`` there may be more of each."""

    def count(number: int) -> dict[str, object]:
        return {
            "number": gettext("at least %(number)d") % {"number": number} if at_least else number
        }

    yield from _of_prices(tally, count)
    yield from _of_quantities(tally, count)
    yield from _of_other_fields(tally, count)
    if number := tally.made:
        yield ngettext(
            "%(number)s product is offered there for the first time.",
            "%(number)s products are offered there for the first time.",
            number,
        ) % count(number)
    if number := tally.looked_up:
        yield ngettext(
            "%(number)s product is looked for there, and offered where Amazon has it.",
            "%(number)s products are looked for there, and offered where Amazon has them.",
            number,
        ) % count(number)


def _of_prices(tally: Tally, count: Count) -> Iterator[str]:
    if number := tally.changed[PRICE]:
        yield ngettext(
            "The price of %(number)s listing changes.",
            "The price of %(number)s listings changes.",
            number,
        ) % count(number)
    if number := tally.waiting[PRICE]:
        percent = {"percent": conf.get("PRICE_MOVE_PERCENT")}
        yield ngettext(
            "%(number)s price moves by more than %(percent)d %% and will wait for approval.",
            "%(number)s prices move by more than %(percent)d %% and will wait for approval.",
            number,
        ) % (count(number) | percent)
    if number := tally.left[PRICE]:
        yield ngettext(
            "%(number)s price is no longer sent; it stays on Amazon as it is.",
            "%(number)s prices are no longer sent; they stay on Amazon as they are.",
            number,
        ) % count(number)
    if number := tally.stuck[PRICE]:
        text = ngettext(
            "%(number)s price can no longer be sent; it stays on Amazon as it is.",
            "%(number)s prices can no longer be sent; they stay on Amazon as they are.",
            number,
        )
        yield f"{text % count(number)} {tally.why[PRICE]}"


def _of_quantities(tally: Tally, count: Count) -> Iterator[str]:
    if number := tally.changed[QUANTITY]:
        yield ngettext(
            "The quantity of %(number)s listing changes.",
            "The quantity of %(number)s listings changes.",
            number,
        ) % count(number)
    if number := len(tally.zeros):
        yield ngettext(
            "%(number)s quantity goes to 0.", "%(number)s quantities go to 0.", number
        ) % count(number)
    if number := tally.left[QUANTITY]:
        yield ngettext(
            "%(number)s quantity is no longer sent; it stays on Amazon as it is, whatever is sold "
            "here.",
            "%(number)s quantities are no longer sent; they stay on Amazon as they are, whatever "
            "is sold here.",
            number,
        ) % count(number)


def _of_other_fields(tally: Tally, count: Count) -> Iterator[str]:
    """Names and own values, each field by its name; and what is held whichever field it is."""
    for name, field in FIELDS.items():
        about = {"field": capfirst(field.label)}
        if name not in (PRICE, QUANTITY) and (number := tally.changed[name]):
            yield ngettext(
                "%(field)s: %(number)s listing changes.",
                "%(field)s: %(number)s listings change.",
                number,
            ) % (count(number) | about)
        if name not in (PRICE, QUANTITY) and (number := tally.left[name] + tally.stuck[name]):
            yield ngettext(
                "%(field)s: %(number)s is no longer sent; it stays on Amazon as it is.",
                "%(field)s: %(number)s are no longer sent; they stay on Amazon as they are.",
                number,
            ) % (count(number) | about)
        if number := tally.held[name] + (tally.waiting[name] if name != PRICE else 0):
            yield ngettext(
                "%(field)s: %(number)s change waits for approval.",
                "%(field)s: %(number)s changes wait for approval.",
                number,
            ) % (count(number) | about)
