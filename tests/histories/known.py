"""What histories find and the package still does: each kind, and why.

A kind that is mended is taken out of here; ``found/`` keeps a history of each, which then has to
go well. A history goes on after a violation of a known kind, so that it does not hide others.
"""

from __future__ import annotations

KNOWN: dict[str, str] = {
    "gone is for sale": "What was adopted and never written does not go to 0 when it is gone.",
    "stop without a cause": "A hold outlives the value that it was about.",
    "sold again": "A fall is one against the accepted value, and a silence or a check trusts it.",
    "stock": "An order without lines is placed, or cancels what was placed.",
    "no rest": "One odd SKU ends each export.",
    "too many zeros": "The guard counts each run for itself, and not what is written down.",
    "quantity not in step": "What is held for no cause does not leave.",
    "price not in step": "The same.",
    "zero is late": "A zero waits because the prices of others moved in the same run.",
    "wrong quantity": "Units that are reserved are lost when a product is made anew.",
    "stale price": "Of two lanes the one that computed first may send last.",
    "stale quantity": "The same.",
    "price guard": "After a lost answer there is nothing to compare a price with.",
}
