"""The tiny shop behind the port: what an adapter needs at least, in another shape than Oscar's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q, QuerySet

from django_amazon_sync.data import (
    Choices,
    Identifier,
    Menu,
    MenuItem,
    Money,
    NewProduct,
    Offer,
    OrderData,
    OrderLine,
    StatusFlow,
)
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.shops.base import Shop, is_cancelled
from django_amazon_sync.shops.packing import packing_notes
from django_amazon_sync.signals import offers_changed
from tests.tinyshop.models import Article, Sale

MENU = Menu(
    shipping_methods=(MenuItem("van", "Our van"),),
    payment_methods=(MenuItem("marketplace", "Paid at a marketplace"),),
    statuses=(MenuItem("open", "Open"), MenuItem("packed", "Packed")),
    flow=StatusFlow("open", {"open": ("packed",)}),
    products=True,
)


class TinyShop(Shop):
    """Articles by their code (also the SKU), a shelf as scope, sales by Amazon's number."""

    def offers(self, scope: str = "", pks: Iterable[str] | None = None) -> Iterator[Offer]:
        articles = on_shelf(scope)
        if pks is not None:
            articles = articles.filter(code__in=list(pks))
        return map(as_offer, articles.iterator(chunk_size=1000))

    def find(self, code: str, scope: str = "") -> list[Offer]:
        return list(map(as_offer, on_shelf(scope).filter(Q(code=code) | Q(gtin=code))))

    @transaction.atomic
    def place_order(self, order: OrderData, choices: Choices) -> str:
        if Sale.objects.filter(reference=order.number).exists():
            return order.number
        check(choices)
        if order.amounts is None:
            raise ShopRefused(f"Order {order.number} has no total yet.")
        known = set(on_shelf(choices.scope).values_list("code", flat=True))
        articles = {line.item_id: article_of(line, known) for line in order.lines}
        sale = Sale(
            reference=order.number, total=order.amounts.grand_total, currency=order.amounts.currency
        )
        sale.document = {
            "lines": [as_document(line, articles[line.item_id]) for line in order.lines],
            "rest": "0",
            "status": choices.status or "open",
            "buyer": str([order.buyer.email, *address_of(order)]),
            "remarks": [note.text for note in packing_notes(order) if not note.personal],
            "wishes": [note.text for note in packing_notes(order) if note.personal],
        }
        write_rest(sale)
        sale.save()
        if choices.takes_stock:
            for line in order.lines:
                self.move(sale, line.item_id, articles[line.item_id], line.quantity)
        return sale.reference

    @transaction.atomic
    def update_order(self, pk: str, order: OrderData, choices: Choices) -> str:
        sale = Sale.objects.select_for_update().filter(reference=pk).first()
        if sale is None:
            raise ShopRefused(f"There is no sale {pk} for order {order.number}.")
        sale.void = sale.void or is_cancelled(order)
        counted = {line.item_id: line.quantity for line in order.lines}
        for line in sale.document["lines"]:
            now = (
                0 if sale.void else min(counted.get(line["id"], line["quantity"]), line["quantity"])
            )
            held = sale.taken.get(line["id"], 0)
            self.move(sale, line["id"], line["article"], min(held, now) - held)
            line["quantity"] = now
        sale.void = sale.void or not any(line["quantity"] for line in sale.document["lines"])
        if order.amounts and not sale.void:
            sale.total = order.amounts.grand_total
        if order.cancellation_requested:
            asks = "the buyer asks Amazon to cancel"
            sale.document["remarks"] = list(dict.fromkeys([*sale.document["remarks"], asks]))
        write_rest(sale)
        now, wanted = sale.document["status"], choices.status
        way = () if sale.void or not wanted else MENU.flow.way(now, wanted)
        sale.document["status"] = wanted if way else now
        sale.save()
        return f"The sale stays {now}; it cannot become {wanted}." if way is None else ""

    def order_pk(self, number: str) -> str:
        return number if Sale.objects.filter(reference=number).exists() else ""

    def menu(self) -> Menu:
        return MENU

    def create_product(self, product: NewProduct, scope: str = "") -> str:
        name = f"Made for Amazon: {product.title.replace(chr(0), '')}"[:80]
        article, _made = Article.objects.get_or_create(
            code=product.sku, defaults={"name": name, "pieces": 0, "hidden": True, "shelf": scope}
        )
        return article.code

    def anonymise(self, pk: str) -> None:
        sale = Sale.objects.get(reference=pk)
        sale.document["buyer"], sale.document["wishes"] = "", []
        for line in sale.document["lines"]:
            line["message"] = ""
        sale.save()

    def move(self, sale: Sale, item_id: str, code: str, pieces: int) -> None:
        """Take so many pieces off the shelf for this line; a negative number puts them back."""
        tracked = Article.objects.filter(code=code, pieces__isnull=False)
        if pieces and tracked.update(pieces=F("pieces") - pieces):
            sale.taken[item_id] = sale.taken.get(item_id, 0) + pieces
            sale.save(update_fields=["taken"])
            offers_changed.send(sender=TinyShop, pks=[code])


def on_shelf(scope: str) -> QuerySet[Article]:
    articles = Article.objects.order_by("code")
    return articles.filter(shelf=scope) if scope else articles


def as_offer(article: Article) -> Offer:
    cents = article.cents
    return Offer(
        pk=article.code,
        sku=article.code,
        title=article.name,
        price=None if cents is None else Money(Decimal(cents) / 100, "EUR"),
        quantity=article.pieces,
        price_includes_tax=True,
        identifiers=(Identifier("ean", article.gtin),) if article.gtin else (),
        on_sale=not article.hidden,
    )


def article_of(line: OrderLine, known: set[str]) -> str:
    """The article that a line stands for: the one that it names, or that of its SKU if it names
    none; empty where it is not there."""
    code = line.offer_pk or line.sku
    return code if code in known else ""


def as_document(line: OrderLine, article: str) -> dict[str, object]:
    return {
        "id": line.item_id,
        "sku": line.sku,
        "article": article,
        "quantity": line.quantity,
        "price": str(line.amounts.gross),
        "title": line.title.replace("\x00", ""),
        "message": line.gift_message,
    }


def address_of(order: OrderData) -> list[str]:
    there = order.delivery
    return [there.name, there.line1, there.postcode, there.phone] if there else []


def write_rest(sale: Sale) -> None:
    """What the lines lack to Amazon's total stands in the document, where everyone sees it."""
    prices = [Decimal(line["price"]) for line in sale.document["lines"]]
    sale.document["rest"] = str(sale.total - sum(prices))


def check(choices: Choices) -> None:
    chosen = [
        (choices.shipping_method, MENU.shipping_methods),
        (choices.payment_method or "marketplace", MENU.payment_methods),
        (choices.status or "open", MENU.statuses),
    ]
    for code, items in chosen:
        if code not in {item.code for item in items}:
            raise ShopRefused(f"The tiny shop knows no {code}; choose another one.")
