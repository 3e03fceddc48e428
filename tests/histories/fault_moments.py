"""Which operation brings about the moment at which a fault shows: by the fault's name.

``python -m tests.histories.sabotage --moments --steps 6 --histories 4`` tries each so.
"""

from __future__ import annotations

MOMENTS: dict[str, str] = {
    "documents: what is no order costs its page": "page_holds_what_is_no_order",
    "documents: what is not answered by its id ends the import": "two_orders_never_get_an_answer",
    "documents: one question waits for all": "two_orders_never_get_an_answer",
    "documents: a copy without lines is whole": "placed_order_changes_out_of_sight",
    "documents: a copy without a status is whole": "placed_order_changes_out_of_sight",
    "documents: nobody asks for what is in doubt": "placed_order_changes_out_of_sight",
    "documents: what is asked for in vain is never put aside": "two_orders_never_get_an_answer",
    "documents: a replacement has to have prices": "order_is_replaced",
    "documents: unreadable orders hold nothing": "order_cannot_be_read_and_the_shop_sells",
    "documents: lines that can be read hold nothing": "order_cannot_be_read_and_the_shop_sells",
    "documents: rises never wait for units": "goods_come_while_units_are_unknown",
    "documents: rises wait for ever": "goods_come_while_units_are_unknown",
    "documents: what could not be read once never can": "order_is_mended_without_a_change",
    "documents: cancelled lines hold on": "line_is_cancelled_and_named_no_more",
    "documents: a line that is named no more stays": "line_is_cancelled_and_named_no_more",
    "documents: a search may lack a line": "searches_contradict_the_order",
    "documents: a placed order may lack a line": "line_is_cancelled_and_named_no_more",
    "documents: the last copy in a page wins": "two_copies_come_in_a_page",
    "documents: older copies are news": "older_copy_comes_alone",
    "documents: an answer of before is an answer": "placed_order_changes_out_of_sight",
    "documents: the same moment takes back": "searches_contradict_the_order",
    "documents: the same moment may lack what was there": "same_moment_lacks_something",
    "documents: the same moment is no news": "search_completes_what_no_id_shows",
    "documents: nobody is told of long payments": "payment_pends_for_days",
    "documents: who joins is not searched": "store_joins_after_its_sale",
    "documents: searches are complete as far as Amazon says": "search_ends_oddly",
    "documents: a search may end before it begins": "gap_is_searched_oddly",
    "documents: a refused window is the last": "gap_is_searched_oddly",
    "documents: complete, though a marketplace joined": "store_joins_after_its_sale",
}
