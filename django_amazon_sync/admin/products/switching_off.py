"""Switching off: what goes to 0 and what stays on sale, said before it happens."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.ask_first import Part, Question
from django_amazon_sync.admin.common.formatting import by_store
from django_amazon_sync.admin.common.seen import mark, mark_of_all
from django_amazon_sync.admin.common.words import store_name
from django_amazon_sync.models import Listing, SellerSku
from django_amazon_sync.sync.export.switched_off import SwitchedOff, switched_off
from django_amazon_sync.sync.offers.fields import FIELDS
from django_amazon_sync.sync.runs.bulk import in_pages


def question_of_skus(skus: QuerySet[SellerSku]) -> Question:
    """What becomes of the listings of these SKUs once they are not synchronised."""
    chosen = mark_of_all(in_pages(skus.values_list("pk")))
    parts = [_part(each, chosen) for each in switched_off(skus)]
    nothing = Part(sentences=[gettext("Nothing changes on Amazon.")], about=chosen)
    return Question(_("What switching off changes on Amazon"), _("Switch off"), parts or [nothing])


def question_of_field(listing: Listing, name: str) -> Question:
    """What becomes of one field of a listing that is no longer sent."""
    text = gettext("%(field)s of %(sku)s is no longer sent to %(store)s; it stays there as it is.")
    words = {
        "field": str(FIELDS[name].label).capitalize(),
        "sku": listing.sku.sku,
        "store": store_name(listing.marketplace.code),
    }
    return Question(
        _("What switching off changes on Amazon"),
        _("Switch off"),
        [Part(sentences=[text % words])],
    )


def are_switched_off(row: SellerSku | None, synchronise: bool | None) -> bool:
    """Whether a choice for a SKU takes it off sale that was on sale before."""
    if row is None:
        return False
    before, after = (
        row.account.synchronise_all if choice is None else choice
        for choice in (row.synchronise, synchronise)
    )
    return before and not after


def _part(off: SwitchedOff, chosen: str) -> Part:
    """What becomes of an account's listings; ``chosen`` is the mark of the SKUs."""
    zeros, stay = sum(off.zeros.values()), sum(off.stay.values())
    sentences: list[str] = []
    if zeros:
        text = ngettext(
            "%(number)d offer goes to 0: %(stores)s.",
            "%(number)d offers go to 0: %(stores)s.",
            zeros,
        )
        sentences.append(text % {"number": zeros, "stores": by_store(off.zeros)})
    if zeros and off.too_much:
        sentences.append(gettext("So many go to 0 that all of them will wait for approval."))
    if later := sum(off.later.values()):
        text = ngettext(
            "%(number)d offer stays on sale until Amazon allows changes there again, then goes to "
            "0: %(stores)s.",
            "%(number)d offers stay on sale until Amazon allows changes there again, then go to "
            "0: %(stores)s.",
            later,
        )
        sentences.append(text % {"number": later, "stores": by_store(off.later)})
    if stay:
        text = ngettext(
            "%(number)d offer stays on Amazon as it is, as nothing is sent for it: %(stores)s.",
            "%(number)d offers stay on Amazon as they are, as nothing is sent for them: "
            "%(stores)s.",
            stay,
        )
        sentences.append(text % {"number": stay, "stores": by_store(off.stay)})
    nothing = gettext("Nothing changes on Amazon.")
    about = mark(chosen, off.account.pk, off.off, off.left, bool(zeros) and off.too_much)
    return Part(str(off.account), sentences or [nothing], about=about)


def skus_of(pks: Iterable[int]) -> QuerySet[SellerSku]:
    """The SKUs of these primary keys."""
    return SellerSku.objects.filter(pk__in=list(pks))
