"""Buyers who buy by themselves: random orders, and what becomes of them as time passes."""

from decimal import Decimal

from .buying import DAY, Purchase, place_order
from .live import MERCHANT_CHANNEL, LiveListing, read_live
from .marketplaces import minor_unit
from .order_life import UNPAID, cancel
from .world import Order, Seller, World


def buy_at_random(world: World, seller: Seller) -> Order | None:
    """One order of what is for sale, with a life of its own; None if nothing is."""
    dice = world.dice
    buyable = [
        (listing, live)
        for listing in world.listings(seller.seller_id)
        if (live := read_live(listing, "", world.now())) and live.buyable
    ]
    if not buyable:
        return None
    first, live = dice.choice(buyable)
    basket = [(first.sku, _units(world, live))]
    beside = [
        (other.sku, _units(world, its))
        for other, its in buyable
        if other.marketplace == first.marketplace
        and other.sku != first.sku
        and its.channel == live.channel
    ]
    if beside and dice.random() < 0.2:
        basket.append(dice.choice(beside))
    order = place_order(world, seller, _purchase(world, first.marketplace, basket, live))
    _live_on(world, order)
    return order


def _units(world: World, live: LiveListing) -> int:
    """One to three, as far as there are so many."""
    return world.dice.randint(1, min(3, live.quantity or 3))


def _purchase(
    world: World, marketplace: str, basket: list[tuple[str, int]], live: LiveListing
) -> Purchase:
    """Most orders are paid or about to be; every status comes now and then."""
    dice = world.dice
    by_amazon = live.channel != MERCHANT_CHANNEL
    statuses = ["PENDING"] * 4 + ["UNSHIPPED"] * 4 + ["SHIPPED", "PENDING_AVAILABILITY"]
    if not by_amazon and sum(units for _, units in basket) > 1:
        statuses.append("PARTIALLY_SHIPPED")
    elsewhere = by_amazon and dice.random() < 0.3
    if elsewhere:
        statuses.append("UNFULFILLABLE")
    unit = minor_unit(live.currency)

    def sometimes(least: int, most: int) -> Decimal:
        return dice.randint(least, most) * unit if dice.random() < 0.5 else Decimal(0)

    return Purchase(
        marketplace=marketplace,
        lines=basket,
        status=dice.choice(statuses),
        tax=sometimes(10, 200),
        shipping=sometimes(199, 999),
        discount=sometimes(10, 100),
        gift_wrap=sometimes(100, 399) if dice.random() < 0.2 else Decimal(0),
        channel_name="NON_AMAZON" if elsewhere else "AMAZON",
    )


def _live_on(world: World, order: Order) -> None:
    """Plan what will become of an order that nobody else looks after."""
    dice, now = world.dice, world.now()
    fate = dice.random()
    if order.status in UNPAID:
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
