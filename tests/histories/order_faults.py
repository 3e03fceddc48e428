"""Faults of one line in what keeps orders from being lost, doubled or leaked, one for each rule.

Histories about orders find them: ``python -m tests.histories.sabotage documents --first 5
--every 5``.
"""

from __future__ import annotations

SAVING, STATUSES, ORDERS = "sync/orders/saving.py", "rules/statuses.py", "amazon/orders.py"
ASKING, WINDOWS = "sync/orders/asking.py", "sync/orders/windows.py"
READING, IMPORT = "amazon/reading.py", "sync/orders/import_orders.py"

#: Name, file, the line as it is, and as it is with the fault.
ORDER_FAULTS: list[tuple[str, str, str, str]] = [
    # One order costs itself only.
    ("texts and documents are kept as they come", READING, r'"[\x00\ud800-\udfff]"', r'"[\x01]"'),
    ("documents are kept as they come", ORDERS, "obj(storable(raw if", "obj((raw if"),
    ("any number is one", READING, "if len(written) > _LONGEST_NUMBER or not", "if not"),
    ("any year is one", READING, "return read if _FIRST_YEAR <= read.year < _LAST_YEAR else None",
     "return read"),
    ("ids of any length are taken", ORDERS, 'return read if len(read) <= most else ""',
     "return read"),
    ("an unreadable order costs its page", ORDERS,
     "return _what_can_be_read(document, str(reason)), document", "raise"),
    ("what is no order costs its page", ORDERS,
     'obj(storable(raw if isinstance(raw, dict) else {"document": raw}))',
     "storable(raw)"),
    ("what is not answered by its id ends the import", ASKING,
     "            _put_off(work, row, lack)", "            raise"),
    ("one question waits for all", ASKING, 'due.order_by("ask_at", "pk")', 'due.order_by("pk")'),
    # Incomplete.
    ("no lines are all lines", STATUSES,
     '        return Decision("seen", takes_stock, Message(Code.ITEMS))',
     '        return Decision("cancelled", takes_stock, Message(Code.CANCELLED))'),
    ("no total is nothing to pay", STATUSES,
     '        return Decision("seen", takes_stock, Message(Code.TOTAL))',
     '        return Decision("recorded", False, Message(Code.TOTAL))'),
    ("any status is to be shipped", STATUSES, "    if order.status not in PAID:",
     '    if order.status == "no such":'),
    ("a copy without lines is whole", STATUSES, "        return Message(Code.ITEMS)\n",
     "        return None\n"),
    ("a copy without a status is whole", STATUSES,
     "    if not order.status:\n        return Message",
     "    if order.status is None:\n        return Message"),
    ("nobody asks for what is incomplete", SAVING,
     "    row.ask_at = now + pause_after(row.tries) if source.by_id else now",
     "    row.ask_at = None"),
    ("nobody asks for what is in doubt", SAVING,
     "    first = row.ask_at is None\n    _ask_again(row, source)",
     "    first = row.ask_at is None"),
    ("what is asked for in vain is never put aside", SAVING, "MOST_TRIES = 4", "MOST_TRIES = 400"),
    ("a replacement has to have prices", ORDERS,
     "            amounts = _nothing_to_pay(marketplace)", "            amounts = None"),
    # Unreadable.
    ("unreadable orders hold nothing", SAVING,
     "    row.takes_stock = not ships_by_amazon(read.fulfilled_by) and not older",
     "    row.takes_stock = False"),
    ("lines that can be read hold nothing", ORDERS,
     "        found[read.item_id] = read\n", "        pass\n"),
    ("rises never wait for units", "sync/orders/units.py",
     "        units_unknown_since__gt=clock.now() - UNITS_WAIT,",
     "        units_unknown_since__gt=clock.now() + UNITS_WAIT,"),
    ("rises wait for ever", SAVING, "UNITS_WAIT = timedelta(hours=24)",
     "UNITS_WAIT = timedelta(days=365)"),
    ("what could not be read once never can", SAVING,
     "    return row.state in SETTLED or row.reason_code not in UNREAD", "    return True"),
    # Cancelled, in whole and in part.
    ("a cancellation needs lines", STATUSES,
     '    if status_now(order) == "CANCELLED":',
     '    if status_now(order) == "CANCELLED" and order.lines:'),
    ("cancelled lines hold on", SAVING,
     '    elif read.status == "CANCELLED" or (source.by_id and read.lines):',
     "    elif source.by_id and read.lines:"),
    ("a line that is named no more stays", SAVING,
     '    elif read.status == "CANCELLED" or (source.by_id and read.lines):',
     '    elif read.status == "CANCELLED":'),
    ("a search may lack a line", SAVING,
     "    if holds and read.lines and not source.by_id and copy.gone:",
     "    if holds and read.lines and source.by_id and copy.gone:"),
    ("a placed order may lack a line", SAVING,
     '        if self.read.status != "CANCELLED" and (gone := self.gone):',
     '        if self.read.status == "no such" and (gone := self.gone):'),
    # Which copy wins.
    ("the last copy in a page wins", SAVING,
     "found[0].updated.timestamp() if found[0].updated else 0.0", "0.0"),
    ("older copies are news", SAVING, "        return Verdict.IN_VAIN if asked else Verdict.LEAVE",
     "        return Verdict.TAKE"),
    ("an answer of before is an answer", SAVING, "    if not copy.is_behind:", "    if copy.row:"),
    ("the same moment takes back", SAVING, "        if _only_adds(copy):", "        if copy.read:"),
    ("the same moment may lack what was there", SAVING,
     "    if (row.status and not read.status) or (row.total is not None and read.amounts is None):",
     "    if row.status is None:"),
    ("the same moment is no news", SAVING, "        if _only_adds(copy):",
     "        if copy.read is None:"),
    # Payments, the cut-over.
    ("nobody is told of long payments", ASKING, "    _note_long_pending(work)\n", "    pass\n"),
    ("old orders are placed", STATUSES, "    if older and not asked_for:",
     "    if older and asked_for:"),
    # Windows.
    ("who joins is not searched", WINDOWS, "    for code in _not_in(codes, covered):",
     "    for code in _not_in(codes, codes):"),
    ("searches are complete as far as Amazon says", IMPORT,
     "    ends = [latest, page.complete_until,", "    ends = [page.complete_until,"),
    ("a search may end before it begins", IMPORT, "        if end >= window.start:",
     "        if end:"),
    ("a refused window is the last", IMPORT, "            first = first or stop",
     "            raise"),
    ("complete, though a marketplace joined", WINDOWS,
     "    if _not_in(codes, _covered(account, codes)):\n        return None",
     "    if _not_in(codes, codes):\n        return None"),
]  # fmt: skip
