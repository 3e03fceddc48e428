"""Buyers who buy by themselves: random orders, and what becomes of them as time passes."""

from decimal import Decimal

from .buying import DAY, Purchase, place_order
from .live import read_live
from .marketplaces import MARKETPLACES
from .order_life import cancel
from .world import Order, Seller, World


def buy_at_random(world: World, seller: Seller) -> Order | None:
    """One order of something that is for sale, with a life of its own; None if nothing is."""
    dice = world.dice
    titles = {asin: product.title for asin, product in world.products.items()}
    buyable = [
        (listing, live)
        for listing in world.listings(seller.seller_id)
        if (live := read_live(listing, titles.get(listing.asin, ""), world.now())) and live.buyable
    ]
    if not buyable:
        return None
    listing, live = dice.choice(buyable)
    most = live.quantity if live.quantity is not None else 3
    units = dice.randint(1, max(1, min(3, most)))
    money_too = dice.random() < 0.5 and MARKETPLACES[listing.marketplace].currency != "JPY"
    order = place_order(
        world,
        seller,
        Purchase(
            marketplace=listing.marketplace,
            lines=[(listing.sku, units)],
            status=dice.choice(("PENDING", "PENDING", "UNSHIPPED", "UNSHIPPED", "SHIPPED")),
            tax=Decimal("1.07") if money_too else Decimal(0),
            shipping=Decimal("4.99") if money_too else Decimal(0),
            discount=Decimal("0.50") if money_too and dice.random() < 0.5 else Decimal(0),
            channel_name="NON_AMAZON" if dice.random() < 0.1 else "AMAZON",
        ),
    )
    _live_on(world, order)
    return order


def _live_on(world: World, order: Order) -> None:
    """Plan what will become of an order that nobody else looks after."""
    dice, now = world.dice, world.now()
    fate = dice.random()
    if order.status == "PENDING":
        kind = "cancel" if fate < 0.15 else "settle_payment"
        now += dice.uniform(300, 1800)
        world.later(now, kind, order_id=order.order_id)
        if kind == "cancel":
            return
    if order.data["fulfillment"]["fulfilledBy"] == "AMAZON":
        world.later(now + dice.uniform(3600, DAY), "ship", order_id=order.order_id)
    elif fate > 0.9:
        world.later(now + dice.uniform(300, 3600), "request_cancellation", order_id=order.order_id)
    elif fate > 0.8 and order.items[0]["quantityOrdered"] > 1:
        world.later(now + dice.uniform(300, 3600), "cancel_one_unit", order_id=order.order_id)


def cancel_one_unit(world: World, order: Order) -> None:
    """Part of an order is cancelled, if that part is still open."""
    item = order.items[0]
    if item["fulfillment"]["quantityUnfulfilled"] > 0:
        cancel(world, order, item["orderItemId"], 1)
