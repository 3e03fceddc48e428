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
    ``quantity_shared``: whether all marketplaces of a region share a SKU's merchant quantity.
    ``pending_prices``: whether PENDING merchant orders show prices.
    ``personal_data``: False is an application without the roles: no names, streets,
    postcodes, phones or e-mail addresses, and no error either.
    ``cancellation_restocks``: whether a cancelled order gives its units back to the live
    merchant quantity.
    ``ship_date_checked``: whether confirmShipment refuses a ship date in the future or from
    before the order.
    ``offers_show_sale_price``: whether ``offers`` shows the sale price while a sale runs.

    ``live_delay``: seconds from ACCEPTED until a change is live.
    ``never_live``: share of accepted changes (0 to 1) that never become live.
    ``shipment_delay``: seconds from a confirmation's 204 until the order shows it.
    ``omitted_orders``: share of search pages (0 to 1) that leave out one order.
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
    shipment_delay: float = 60.0
    omitted_orders: float = 0.0
    page_token_lifetime: float = 24 * 3600.0
    access_token_lifetime: float = 3600.0
