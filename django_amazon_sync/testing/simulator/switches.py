"""What is not known about Amazon, as choices: a program that is right works under every one.

The open questions are those of any seller who has read Amazon's documents and still must
ask; the other switches make a rare behaviour frequent, or a slow one fast.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Switches:
    """How this Amazon behaves where its documents are silent.

    ``discount_sign``: the sign of DISCOUNT amounts in the proceeds of an order.
    ``order_tax``: "on_top" adds TAX to the other breakdowns; "included" has it inside ITEM
    and SHIPPING, so that the plain sum of the breakdowns exceeds the grand total.
    ``replace_offer``: whether ``replace`` on ``purchasable_offer`` drops the parts of the
    matching instance that were not sent (sale price, guard rails) or keeps them.
    ``merge``: whether ``merge`` keeps the unsent parts, drops them like ``replace``, or is
    refused with an ERROR issue.
    ``quantity_shared``: whether all marketplaces of a region share a SKU's merchant quantity
    (docs/amazon.md#stores-may-share-a-quantity).
    ``pending_prices``: whether PENDING merchant orders show prices
    (docs/amazon.md#pending-orders-may-have-no-price).
    ``personal_data``: False is an application without the roles: no names, streets,
    postcodes, phones or e-mail addresses, and no error either.
    ``cancellation_restocks``: whether a cancelled order gives its units back to the live
    merchant quantity.
    ``ship_date_checked``: whether confirmShipment refuses a ship date in the future or from
    before the order.
    ``offers_show_sale_price``: whether ``offers`` shows the sale price while a sale runs.

    ``live_delay``: seconds from ACCEPTED until a change is live.
    ``never_live``: share of accepted changes (0 to 1) that never become live.
    ``out_of_order``: share of accepted patches (0 to 1) that become live five minutes late, when a
    newer one may be live already.
    ``shipment_delay``: seconds from a confirmation's 204 until the order shows it.
    ``shipments_dropped``: share of confirmations (0 to 1) that are answered with 204 and lost.
    ``omitted_orders``: share of search pages (0 to 1) that leave out one order.
    ``unsearchable_orders``: share of orders (0 to 1) that no search ever shows; ``late_orders``:
    share of those that searches show an hour late. Always the same ones.
    ``repeated_orders``: share of search pages (0 to 1) after which the next one begins with orders
    of this one.
    ``feed_queue``: seconds from createFeed until the feed may start; those of a seller also wait
    for each other. ``feed_time``: seconds from its start until the messages are taken.
    ``feed_applies_late``: seconds from a feed's end until its values are live, though its report
    shows items (a feed without items is live ``live_delay`` later, and late by this besides).
    ``feed_outcome``: "done"; "fatal" (half of the messages are taken); "cancelled"; "stuck" (it
    never ends).
    ``feed_report``: whether the processing report is "there", "missing", "truncated" (half of a
    gzip), "foreign" (of another account and feed), or has issues of messages "unsent".

    ``report_time``: seconds from createReport until it ends, half of them in the queue.
    ``report_outcome``: "done"; "fatal" (its document tells the reason); "cancelled"; "stuck".
    ``report_pause``: a report that is asked for again within so many seconds is CANCELLED.
    ``report_cache``: one that is asked for again within so many seconds is the old one.
    ``report_encoding``: "" (cp1252; cp932 in Japan), or an encoding by Python's name.
    ``report_charset``: whether the download names its charset.
    ``report_headers``: the columns of a listings report: "documented"; "real" (with several
    "Deprecated column", ``fulfilment-channel``, and more); "localised" (in the marketplace's
    language, where it is German or Japanese); "few" (13 of them).
    ``report_rows``: "all"; "short" (without the empty cells at the end); "half" of them; "none".
    ``report_too_long``: what a report of orders of more than 30 days holds instead of them: a
    "sentence", or nothing ("empty").

    ``page_token_lifetime``: seconds until a page token is refused.
    ``access_token_lifetime``: seconds until an access token is refused.
    """

    discount_sign: Literal["negative", "positive"] = "negative"
    order_tax: Literal["on_top", "included"] = "on_top"
    replace_offer: Literal["drops", "keeps"] = "drops"
    merge: Literal["keeps", "drops", "refused"] = "keeps"
    quantity_shared: bool = True
    pending_prices: bool = False
    personal_data: bool = True
    cancellation_restocks: bool = False
    ship_date_checked: bool = True
    offers_show_sale_price: bool = False
    live_delay: float = 60.0
    never_live: float = 0.0
    out_of_order: float = 0.0
    shipment_delay: float = 60.0
    shipments_dropped: float = 0.0
    omitted_orders: float = 0.0
    unsearchable_orders: float = 0.0
    late_orders: float = 0.0
    repeated_orders: float = 0.0
    feed_queue: float = 15.0
    feed_time: float = 45.0
    feed_applies_late: float = 0.0
    feed_outcome: Literal["done", "fatal", "cancelled", "stuck"] = "done"
    feed_report: Literal["there", "missing", "truncated", "foreign", "unsent"] = "there"
    report_time: float = 60.0
    report_outcome: Literal["done", "fatal", "cancelled", "stuck"] = "done"
    report_pause: float = 0.0
    report_cache: float = 0.0
    report_encoding: Literal["", "cp1252", "cp932", "utf-8", "utf-8-sig"] = ""
    report_charset: bool = True
    report_headers: Literal["documented", "real", "localised", "few"] = "documented"
    report_rows: Literal["all", "short", "half", "none"] = "all"
    report_too_long: Literal["sentence", "empty"] = "sentence"
    page_token_lifetime: float = 24 * 3600.0
    access_token_lifetime: float = 3600.0
