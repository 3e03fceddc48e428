"""Linking a SKU of Amazon's to another product: what its listings get, said before it happens."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.ask_first import Part, Question
from django_amazon_sync.admin.common.formatting import brief
from django_amazon_sync.admin.common.seen import mark
from django_amazon_sync.admin.common.words import store_name
from django_amazon_sync.admin.products.switching_off import question_of_skus, skus_of
from django_amazon_sync.data import Offer
from django_amazon_sync.models import MERCHANT_CHANNEL, Presence, SellerSku
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.offers.desired import sku_is_of_offer


def question_of_link(
    sku: SellerSku, offer_pk: str, synchronise: bool | None, off: Question | None
) -> Question | None:
    """What becomes of a SKU's listings once it is linked to this offer, or to none; nothing where
    Amazon has none of them.

    ``synchronise`` is what was chosen with it, and ``off`` what is said where that takes it off
    sale.
    """
    listings = sku.listings.exclude(presence=Presence.ABSENT).select_related("marketplace")
    stores = {listing.pk: store_name(listing.marketplace.code) for listing in listings}
    if not stores or offer_pk == sku.offer_pk:
        return off
    pks = [pk for pk in (sku.offer_pk, offer_pk) if pk]
    offers = {offer.pk: offer for offer in configured_shop().offers(sku.account.shop_scope, pks)}
    chosen = sku.account.synchronise_all if synchronise is None else synchronise
    old, new = offers.get(sku.offer_pk), offers.get(offer_pk)
    parts = list(off.parts) if off else []
    sentences = [_where(sku, sorted(stores.values()))]
    if new is None and (namesake := _of_its_name(sku)):
        text = gettext("%(new)s has the same SKU, so it is linked to that one by itself.")
        sentences.append(text % {"new": _named(namesake)})
        if namesake.pk != sku.offer_pk:
            sentences.append(_what_it_gets(sku, namesake, old, chosen))
    elif new is None:
        text = gettext(
            "It is linked to no product of the shop then, and an export sends what follows."
        )
        sentences.append(text)
        parts = parts or list(question_of_skus(skus_of([sku.pk])).parts)
    else:
        sentences.append(_what_it_gets(sku, new, old, chosen))
        sentences += _other_skus(sku, new)
    about = mark(sku.pk, sku.offer_pk, offer_pk, chosen, sorted(stores), sentences)
    link = Part(sentences=sentences, about=about)
    return Question(_("What another product changes on Amazon"), _("Save"), [link, *parts])


def _where(sku: SellerSku, stores: Sequence[str]) -> str:
    text = ngettext(
        "%(sku)s is on sale in %(number)d store (%(stores)s).",
        "%(sku)s is on sale in %(number)d stores (%(stores)s).",
        len(stores),
    )
    return text % {"sku": sku.sku, "number": len(stores), "stores": ", ".join(stores)}


def _what_it_gets(sku: SellerSku, new: Offer, old: Offer | None, synchronised: bool) -> str:
    """Amazon's own stock is no matter of the shop's."""
    words = {"new": _named(new), "old": _named(old) if old else ""}
    if not synchronised:
        text = gettext("It is linked to %(new)s then; nothing is sent while it is switched off.")
        return text % words
    if sku.channel not in ("", MERCHANT_CHANNEL):
        return gettext("It gets the price of %(new)s.") % words
    if old is None:
        return gettext("It gets the price and the stock of %(new)s.") % words
    text = gettext("It gets the price and the stock of %(new)s instead of those of %(old)s.")
    return text % words


def _of_its_name(sku: SellerSku) -> Offer | None:
    """The shop's offer that has this SKU itself: an export links what is linked to none to it."""
    found = configured_shop().find(sku.sku, sku.account.shop_scope)
    return next((offer for offer in found if offer.sku == sku.sku), None)


def _named(offer: Offer) -> str:
    return f"{offer.sku} ({brief(offer.title)})" if offer.title else offer.sku


def _other_skus(sku: SellerSku, offer: Offer) -> list[str]:
    """Where the account sells the product under SKUs already, that it does."""
    rows = SellerSku.objects.filter(account=sku.account_id, offer_pk=offer.pk).exclude(pk=sku.pk)
    names = sorted(row.sku for row in rows if sku_is_of_offer(row, offer))
    if not names:
        return []
    text = gettext("%(product)s is sold as %(skus)s already; it has %(number)d SKUs then.")
    words = {"product": offer.sku, "skus": ", ".join(names), "number": len(names) + 1}
    return [text % words]
