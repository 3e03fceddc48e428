"""The button *Available at Amazon* for the pages of the shop.

``{% amazon_button product %}`` stands where a product is shown; ``{% amazon_links products %}``
before a list of them lets all buttons of the list share their queries.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.translation import get_language

from django_amazon_sync.storefront import AmazonLink, Product, ProductLinks, links_of_offers

__all__ = ["amazon_button", "amazon_links"]

register = template.Library()

#: Where a request keeps the lists of products whose links are read together.
_KEPT = "_amazon_links"


@register.simple_tag(takes_context=True)
def amazon_links(
    context: Context, products: Iterable[Product], marketplace: str = ""
) -> ProductLinks:
    """Read the links of a list together: ``{% amazon_links products as links %}``.

    Nothing is asked before the first button looks. The buttons of the same request find it by
    themselves; without the request in the context give them ``links=links``.
    """
    links = ProductLinks(products, marketplace=marketplace, language=get_language() or "")
    request: HttpRequest | None = context.get("request")
    if request is not None:
        kept: list[tuple[str, ProductLinks]] = request.__dict__.setdefault(_KEPT, [])
        kept.append((marketplace, links))
    return links


@register.simple_tag(takes_context=True)
def amazon_button(
    context: Context,
    product: Any = None,
    offer_pk: object = "",
    marketplace: str = "",
    links: ProductLinks | None = None,
) -> str:
    """A link to the product at Amazon; nothing where it cannot be bought there now."""
    if offer_pk:
        language = get_language() or ""
        of_offers = links_of_offers([str(offer_pk)], marketplace=marketplace, language=language)
        return _button(of_offers.get(str(offer_pk)))
    if product is None or product == "":
        return ""
    pk = str(product.pk)
    if links is None:
        links = _links_in(context, pk, marketplace)
    if links is None:
        links = ProductLinks([product], marketplace=marketplace, language=get_language() or "")
    return _button(links.get(pk))


def _links_in(context: Context, pk: str, marketplace: str) -> ProductLinks | None:
    """The list of this request that has the product, the newest first."""
    kept: list[tuple[str, ProductLinks]] = getattr(context.get("request"), _KEPT, [])
    found = (links for code, links in reversed(kept) if code == marketplace and pk in links.pks)
    return next(found, None)


def _button(link: AmazonLink | None) -> str:
    if link is None:
        return ""
    return render_to_string("django_amazon_sync/storefront/button.html", {"link": link})
