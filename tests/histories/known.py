"""What histories find and the package still does: each kind, and why.

A kind that is mended is taken out of here; ``found/`` keeps a history of each, which then has to
go well. A history goes on after a violation of a known kind, so that it does not hide others.
"""

from __future__ import annotations

KNOWN: dict[str, str] = {
    "gone is for sale": "What was adopted and never written does not go to 0 when it is gone.",
    "stop outlives its value": "A hold stays when another value is right.",
    "stop of no move": "A price that was accepted before is measured from another hand's.",
    "stop for the sake of others": "The guard counts prices, zeros and the rest together.",
    "sold again": "What Amazon shows below ours is taken for drift, whoever bought meanwhile.",
    "sold again by a fall": "A fall is one against the accepted value, not the live one.",
    "sold again without orders": "A check raises the quantity though nobody imports orders.",
    "stock": "An order without lines is placed, or cancels what was placed.",
    "taken over": "A sale that no search shows yet is taken from the stock twice.",
    "order is lost": "A search that omits an order older than the overlap loses it for good.",
    "no rest": "One odd SKU ends each export.",
    "too many zeros": "The guard counts each run for itself, and not what is written down.",
    "quantity not in step": "What is held for no cause does not leave.",
    "price not in step": "The same.",
    "zero is late": "It waits in a feed, or nobody looks at it.",
    "fall is late": "A fall of up to half waits in a feed.",
    "refused for ever": "What was refused once is never tried again.",
    "zero is held": "A zero waits because the prices of others moved in the same run.",
    "zero is refused": "A zero that was refused once is never tried again.",
    "wrong quantity": "Units that are reserved are lost when a product is made anew.",
    "stale price": "Of two lanes the one that computed first may send last.",
    "stale quantity": "The same.",
    "price guard": "After a lost answer there is nothing to compare a price with.",
}
