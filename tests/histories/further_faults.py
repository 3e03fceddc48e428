"""Faults of one line in the second source, in parcels, and in the erasing of buyers' data.

Histories about these find them: ``python -m tests.histories.sabotage reports --first 6
--every 10``, ``parcels --first 8``, ``privacy --first 9``.
"""

from __future__ import annotations

COMPARE, RECONCILE = "sync/reconciliation/compare.py", "sync/reconciliation/reconcile.py"
PROOF = "sync/reconciliation/proof.py"
CONFIRM, PARCELS = "sync/orders/confirm_shipments.py", "sync/orders/parcels.py"
SEEN = "sync/orders/proof.py"
DUE, ERASE, SAVING = "sync/privacy/due.py", "sync/privacy/erase.py", "sync/orders/saving.py"

#: Name, file, the line as it is, and as it is with the fault.
FURTHER_FAULTS: list[tuple[str, str, str, str]] = [
    ("reports: any report proves its time", COMPARE,
     "    if lacking > max(1, here // LEFT_OUT):", "    if lacking < 0:"),
    ("reports: a time is proven without its orders", RECONCILE,
     "        if left:", "        if left < 0:"),
    ("reports: a proof may leave a gap", PROOF,
     "    reaches = Q(orders_proven_until__gte=span.since)",
     "    reaches = Q(pk=marketplace.pk)"),
    ("reports: nobody asks for what is missing", COMPARE,
     "        ask_at=now,\n", "        ask_at=None,\n"),
    ("reports: nobody looks for what is missing", COMPARE,
     "            found.missing[order.number] = _may_take_units(order)", "            pass"),
    ("parcels: what is taken is seen", CONFIRM,
     "    shipment.move(ShipmentState.CONFIRMED,", "    shipment.move(ShipmentState.SEEN,"),
    ("parcels: what is taken back is sent", PARCELS,
     "        if (shipment.order_id, shipment.shop_pk) in told:", "        if shipment.order_id:"),
    ("parcels: what is corrected stays as it was", PARCELS,
     "    if before == told:\n        return\n", "    if before:\n        return\n"),
    ("parcels: what is not shown is never asked for", SEEN,
     "    if now < sent + seen_within():", "    if now >= sent:"),
    ("parcels: silence is a yes", CONFIRM,
     "        shipment.move(ShipmentState.UNKNOWN, reason=said)\n        work.line(",
     "        shipment.move(ShipmentState.CONFIRMED, reason=said)\n        work.line("),
    ("privacy: what is to be sent goes", DUE,
     "with_end(unerased(accounts, before).filter(not_needed()))",
     "with_end(unerased(accounts, before))"),
    ("privacy: what is to be sent goes on request", ERASE,
     "rows.exclude(due.still_needed())", 'rows.exclude(status="no such")'),
    ("privacy: days are hours", DUE, "timedelta(days=float(", "timedelta(hours=float("),
    ("privacy: the shop forgets nobody", ERASE,
     "    counts[_anonymise(shop, row)] += 1  # the shop", "    pass  # the shop"),
    ("privacy: our document stays", ERASE,
     "read_or_keep(without_people(own))", "read_or_keep(own)"),
    ("privacy: what comes later is kept", SAVING,
     "return found if row.erased_at is None else read_or_keep(without_people(found[1]))",
     "return found"),
    ("privacy: nobody looks again under the lock", ERASE,
     "    if not orders.filter(pk=pk).exists():", "    if row is None:"),
]  # fmt: skip
