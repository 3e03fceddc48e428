"""What staff decide where Amazon shows something else: the shop's value is sent again.

The other decision, to take Amazon's value over, is a run of its own (see takeover.py).
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from django_amazon_sync.models import Listing
from django_amazon_sync.sync.rows import lock_rows


def send_ours(listings: QuerySet[Listing]) -> int:
    """Let the next export send the shop's values over Amazon's; how many listings had drifted.

    What is live counts as accepted since the drift was seen, so that forgetting it is enough.
    """
    drifted = listings.exclude(drift={}).order_by()
    with transaction.atomic():
        lock_rows(drifted)
        return drifted.update(drift={}, reason="")
