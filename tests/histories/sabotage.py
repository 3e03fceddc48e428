"""Whether histories find what they are for: faults of one line, each put into the package for some.

    python -m tests.histories.sabotage                 all of them, 60 histories each
    python -m tests.histories.sabotage stock --histories 500
    python -m tests.histories.sabotage --moments --steps 6 --histories 4
                                                       each about what brings its moment about
    python -m tests.histories.sabotage --list          which are outdated

Each runs in a process of its own, in which one module is read with the fault in it. A fault is
found where a history shows a kind of violation that it does not show with the sound package; of a
known kind there have to be two such histories. A line that is no longer there is said to be
outdated: take another one that breaks the same rule.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import CodeType, ModuleType

from tests.histories.fault_moments import MOMENTS
from tests.histories.further_faults import FURTHER_FAULTS
from tests.histories.order_faults import ORDER_FAULTS

PACKAGE = Path(__file__).parents[2] / "django_amazon_sync"
PROJECT = PACKAGE.parent

#: So many histories that show a known kind only with the fault.
ENOUGH = 2


@dataclass(frozen=True)
class Fault:
    """``old`` in a file of the package becomes ``new``."""

    name: str
    file: str
    old: str
    new: str

    @property
    def path(self) -> Path:
        return PACKAGE / self.file

    @property
    def module(self) -> str:
        parts = ["django_amazon_sync", *Path(self.file).with_suffix("").parts]
        return ".".join(part for part in parts if part != "__init__")

    @property
    def applies(self) -> bool:
        there = self.path.exists()
        return there and self.path.read_text(encoding="utf-8").count(self.old) == 1


FAULTS = [
    # Orders in
    Fault(
        "orders: windows do not overlap",
        "sync/orders/windows.py",
        "OVERLAP = timedelta(minutes=30)",
        "OVERLAP = timedelta(0)",
    ),
    Fault(
        "orders: the next window begins now",
        "sync/orders/windows.py",
        "start = (reached or first) - OVERLAP",
        "start = clock.now() - OVERLAP",
    ),
    Fault(
        "orders: an open window leaves no gap",
        "sync/orders/windows.py",
        "done = done.filter(pk__lt=first_open)",
        "pass",
    ),
    Fault(
        "orders: complete whatever the last search said",
        "sync/orders/up_to_date.py",
        "return until is not None and until >= _fresh_since(work)",
        "return until is not None or bool(work)",
    ),
    Fault(
        "orders: what changed later is no news",
        "sync/orders/saving.py",
        "if stored is None or shown is None or shown > stored:",
        "if stored is None or shown is None:",
    ),
    Fault(
        "orders: the shop is not told of changes",
        "sync/orders/placing.py",
        'untold = Q(told_at__lt=F("updated_at")) | Q(told_at__isnull=True)',
        "untold = Q(told_at__isnull=True)",
    ),
    Fault(
        "orders: pending ones are placed",
        "rules/statuses.py",
        'return Decision("held", takes_stock, Message(Code.PENDING))',
        'return Decision("waiting", takes_stock)',
    ),
    Fault(
        "orders: a page is not saved with what it costs",
        "sync/orders/saving.py",
        "    invalidate_quantities(ordered, explained=True)",
        "    pass",
    ),
    # Reserved units
    Fault(
        "reserved: pending orders reserve nothing",
        "sync/offers/reserved_units.py",
        "order__state__in=HOLDING_STATES, order__takes_stock=True",
        "order__state__in=HOLDING_STATES[2:], order__takes_stock=True",
    ),
    Fault(
        "reserved: nothing is reserved",
        "rules/stock.py",
        "max(0, int(sellable) - buffer - reserved)",
        "max(0, int(sellable) - buffer)",
    ),
    Fault(
        "reserved: the buffer is sold",
        "rules/stock.py",
        "max(0, int(sellable) - buffer - reserved)",
        "max(0, int(sellable) - reserved)",
    ),
    Fault(
        "reserved: a link leaves its units behind",
        "sync/listings/link.py",
        "    moved = [line for line in _reserving(account, offers) if ",
        "    moved = [line for line in _reserving(account, offers) if False and ",
    ),
    Fault(
        "reserved: an order casts no doubt",
        "sync/offers/reserved_units.py",
        'newer = {"stock_version": F("stock_version") + 1}',
        'newer = {"stock_version": F("stock_version")}',
    ),
    # The shop's stock
    Fault(
        "stock: what is cancelled is not given back",
        "shops/model_shop/changes.py",
        "surplus = max(taken - quantity, 0)",
        "surplus = 0",
    ),
    Fault(
        "stock: placing takes none",
        "shops/model_shop/orders.py",
        "takes = bool(choices.takes_stock and shop.product.stock)",
        "takes = False",
    ),
    Fault(
        "stock: a take-over forgets what is reserved",
        "sync/verification/take_over.py",
        "return live + read.reserved",
        "return live",
    ),
    Fault(
        "stock: a take-over waits for no orders",
        "sync/verification/take_over.py",
        "    if not known:",
        "    if False:",
    ),
    Fault(
        "shop: changes are not noted",
        "sync/offers/changed_offers.py",
        "        for account in _live_accounts()\n        for offer in offers",
        "        for account in ()\n        for offer in offers",
    ),
    # What may leave
    Fault(
        "rise: it waits for no orders of other accounts",
        "sync/orders/up_to_date.py",
        "    if not behind:",
        "    if behind:",
    ),
    Fault(
        "rise: it waits for no orders",
        "rules/decision.py",
        "    if not falls and not about.orders_complete:",
        "    if False:",
    ),
    Fault(
        "zero: it waits for orders",
        "rules/decision.py",
        "falls = new == 0 or (least is not None and new < least)",
        "falls = new != 0 and least is not None and new < least",
    ),
    Fault(
        "feeds: low stock travels by feed",
        "rules/stock.py",
        "return new > low_stock and not falls",
        "return not falls",
    ),
    Fault(
        "feeds: any fall travels by feed",
        "rules/stock.py",
        "return new > low_stock and not falls",
        "return new > low_stock",
    ),
    Fault(
        "guard: prices move freely",
        "rules/guards.py",
        "    if moved <= percent:",
        "    if moved <= percent * 100:",
    ),
    Fault(
        "guard: any number may move",
        "rules/guards.py",
        "if moved <= self.count or moved * 100 <= self.known * percent:",
        "if moved <= self.count * 100:",
    ),
    Fault(
        "guard: zeros do not count",
        "rules/decision.py",
        'return "" if explained or believed == 0 else ZEROS',
        'return ""',
    ),
    Fault(
        "guard: an approval is of any value",
        "rules/listing_state.py",
        "    return approved == value\n",
        "    return approved is not None\n",
    ),
    Fault(
        "FBA: it gets a quantity",
        "sync/offers/desired.py",
        'if rules.sends(QUANTITY, chosen) and sku.channel in (MERCHANT_CHANNEL, ""):',
        "if rules.sends(QUANTITY, chosen):",
    ),
    Fault(
        "gone: it stays for sale",
        "sync/offers/desired.py",
        "ours = (sku.managed or sku.sold_here) and rules.sends(QUANTITY, chosen)",
        "ours = False",
    ),
    Fault(
        "gone: what is not on sale is sold",
        "sync/offers/desired.py",
        "return synchronise and offer is not None and offer.on_sale",
        "return synchronise and offer is not None",
    ),
    Fault(
        "price: the markup is left out",
        "rules/prices.py",
        "amount = amount * (100 + rule.markup_percent) / 100",
        "amount = amount * 1",
    ),
    Fault(
        "price: halves go down",
        "data.py",
        "rounding=ROUND_HALF_UP), self.currency)",
        'rounding="ROUND_DOWN"), self.currency)',
    ),
    # Two at once
    Fault(
        "lanes: an order in between is not seen",
        "sync/listings/looks.py",
        "    if sku.stock_version != mine.stock_version:",
        "    if False:",
    ),
    Fault(
        "lanes: two requests for one slot",
        "sync/export/send.py",
        "    if busy.has(change.listing.pk, sku.pk, change.values):",
        "    if False:",
    ),
    Fault(
        "lease: whoever asks has it",
        "sync/runs/leases.py",
        "free = Lease.objects.filter(_over(LASTS), key=key)",
        "free = Lease.objects.filter(key=key)",
    ),
    Fault(
        "lease: nobody looks whether it is lost",
        "sync/runs/leases.py",
        "if held.update(expires_at=database_now() + LASTS) != 1:",
        "if held.update(expires_at=database_now() + LASTS) > 1:",
    ),
    Fault(
        "runs: dead ones go on",
        "sync/runs/work.py",
        "            dead_runs.inherit(run)\n",
        "",
    ),
    # Answers, and what nobody answered
    Fault(
        "silence: it means yes",
        "sync/export/send.py",
        "arrived = bool(echo) and all(",
        "arrived = bool(echo) or all(",
    ),
    Fault(
        "silence: it is never read back",
        "sync/export/export.py",
        "    try:\n        recover(work)",
        "    try:\n        pass",
    ),
    Fault(
        "silence: what is read back casts no doubt",
        "sync/export/send.py",
        "        if QUANTITY in item.values:\n            invalidate_quantities(",
        "        if False:\n            invalidate_quantities(",
    ),
    Fault(
        "refusal: it is taken for an answer",
        "sync/export/send.py",
        'if answered.status in ("ACCEPTED", "VALID"):',
        'if answered.status in ("ACCEPTED", "VALID", "INVALID"):',
    ),
    Fault(
        "feeds: what they carry is as good as sent",
        "sync/listings/in_flight.py",
        "            or self.carried[name] != value\n",
        "",
    ),
    Fault(
        "feeds: an overtaken value is accepted",
        "sync/export/settle_feeds.py",
        "values = {name: new for name, new in item.values.items() if name not in newer}",
        "values = dict(item.values)",
    ),
    Fault(
        "check: nothing has drifted",
        "sync/verification/verify.py",
        "        elif certain:",
        "        elif False:",
    ),
    Fault(
        "check: Amazon has no time",
        "sync/verification/verify.py",
        "        due = {name for name in wrong if due_at(row, name) <= read_at}",
        "        due = set(wrong)",
    ),
    # Who looked last, what is only suspected, and what is remembered
    Fault(
        "looks: an older one may send",
        "sync/listings/looks.py",
        "    if mine is None or sku.look != mine.number:",
        "    if mine is None:",
    ),
    Fault(
        "looks: one that sends nothing does not count",
        "sync/export/survey.py",
        "            self._take_look(ours.filter(offer_pk__in=some))\n",
        "",
    ),
    Fault(
        "looks: what was read long ago may leave",
        "sync/listings/in_flight.py",
        "LOOK_LASTS = timedelta(seconds=30)",
        "LOOK_LASTS = timedelta(hours=1)",
    ),
    Fault(
        "falls: they are falls from what was sent alone",
        "rules/decision.py",
        "known = [number for number in (believed, live) if number is not None]",
        "known = [number for number in (believed,) if number is not None]",
    ),
    Fault(
        "check: fewer on sale is drift at once",
        "sync/verification/verify.py",
        "    if orders_known_past(work, row.suspected):",
        "    if row.suspected:",
    ),
    Fault(
        "check: fewer on sale is drift without orders",
        "sync/verification/verify.py",
        "    if not work.account.import_orders:\n        return {QUANTITY}",
        "    if not work.account.import_orders:\n        return set()",
    ),
    Fault(
        "stops: they outlive their value",
        "rules/listing_state.py",
        "        if name == CREATION or name in unknown or desired.get(name) == value:",
        "        if name:",
    ),
    Fault(
        "stops: a refused quantity is never tried again",
        "rules/listing_state.py",
        "    return at + (pauses[tries - 1] if tries <= len(pauses) else later)",
        "    return None",
    ),
    Fault(
        "prices: they are forgotten with what is believed",
        "rules/listing_state.py",
        '    return state.prices[-1]["price"] if state.prices else _believed_price(state)\n',
        "    return _believed_price(state)\n",
    ),
    Fault(
        "guard: each run counts for itself",
        "sync/export/guards.py",
        '        return set(items.values_list("listing", flat=True))',
        "        return set()",
    ),
    Fault(
        "gone: one that was never sent stays for sale",
        "sync/offers/desired.py",
        "ours = (sku.managed or sku.sold_here) and rules.sends(QUANTITY, chosen)",
        "ours = sku.managed and rules.sends(QUANTITY, chosen)",
    ),
    Fault(
        "rename: both are on sale",
        "rules/decision.py",
        "    if former and not falls:",
        "    if False:",
    ),
    Fault(
        "links: an equal number takes what staff linked",
        "sync/listings/link.py",
        'return row.matched and row.offer_pk not in ("", offer_pk)',
        "return False",
    ),
    Fault(
        "silence: what may have crossed is not read",
        "sync/jobs.py",
        "        verify.verify_crossed(work)",
        "        pass",
    ),
]
FAULTS += [Fault(f"documents: {name}", *line) for name, *line in ORDER_FAULTS]
FAULTS += [Fault(*line) for line in FURTHER_FAULTS]


# --- In the process of one fault ------------------------------------------------------------------


class _Sabotaged(importlib.machinery.SourceFileLoader):
    """Reads a module with the fault in it, and never from what was compiled before."""

    fault: Fault

    def get_code(self, fullname: str) -> CodeType:
        source = self.fault.path.read_text(encoding="utf-8")
        return self.source_to_code(source.replace(self.fault.old, self.fault.new), self.path)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._fault.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None:
            loader = _Sabotaged(fullname, str(self._fault.path))
            loader.fault = self._fault
            spec.loader = loader
        return spec


def put_in(fault: Fault) -> None:
    """From now on its module is read with the fault in it; it may not have been read yet."""
    assert fault.module not in sys.modules, "It was read before."
    sys.meta_path.insert(0, _Finder(fault))


def tell_with(
    fault: Fault | None, seeds: Sequence[int], image: Path, steps: int, operation: str
) -> dict[int, list[str]]:
    """The kinds of violations by seed, up to the first history that shows any."""
    if fault is not None:
        put_in(fault)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    sys.path.insert(0, str(PROJECT / "example_project"))
    import django

    django.setup()
    from tests.histories.blank import Blank
    from tests.histories.history import History, tell
    from tests.histories.known import KNOWN

    found: dict[int, list[str]] = {}
    blank = Blank.made(kept_at=image)
    with blank.in_use():
        for seed in seeds:
            try:
                found[seed] = tell(
                    History.drawn(seed, steps, operation), blank, tolerated=KNOWN
                ).kinds
            except Exception as raised:  # noqa: BLE001 - a fault that breaks the world is found
                found[seed] = [f"{type(raised).__name__}: {raised}"[:100]]
            if found[seed]:
                break
    return found


# --- In the process that asks --------------------------------------------------------------------


def _told(
    name: str, first: int, number: int, *, every: int, steps: int, operation: str, image: Path
) -> dict[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.histories.sabotage", "--one", name,
         "--first", str(first), "--histories", str(number), "--every", str(every),
         "--steps", str(steps), "--operation", operation, "--image", str(image)],
        capture_output=True, text=True, cwd=PROJECT, check=False,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.splitlines() or ["killed"])[-1]
        return {first: [f"it does not even run: {last}"]}
    answer: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return {int(seed): kinds for seed, kinds in answer.items()}


Tells = Callable[[int, int], dict[int, list[str]]]
"""Tells so many histories from a seed on, up to the first that shows a violation."""


def verdict(
    first: int,
    number: int,
    with_fault: Tells,
    sound: Tells,
    known: Collection[str],
    every: int = 1,
) -> str:
    """After how many histories the fault was found, and by which kind; empty where it was not."""
    more, seed, end = Counter[str](), first, first + number * every
    while seed < end:
        told = with_fault(seed, (end - seed) // every)
        last = max(told)
        new = sorted(set(told[last]) - set(sound(last, 1)[last])) if told[last] else []
        more.update(new)
        if found := [kind for kind in new if kind not in known or more[kind] >= ENOUGH]:
            return f"after {(last - first) // every + 1}: {found[0]}"
        seed = last + every
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.histories.sabotage")
    parser.add_argument("about", nargs="?", default="", help="only faults with this in their name")
    parser.add_argument("--histories", type=int, default=60)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="only each so many-th seed")
    parser.add_argument("--steps", type=int, default=24, help="of each history")
    parser.add_argument("--operation", default="", help="every third step is this one")
    parser.add_argument(
        "--moments", action="store_true", help="every third step brings the fault's moment about"
    )
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--image", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    out = sys.stdout.write
    if asked.one is not None:
        fault = next((one for one in FAULTS if one.name == asked.one), None)
        seeds = range(asked.first, asked.first + asked.histories * asked.every, asked.every)
        out(json.dumps(tell_with(fault, seeds, asked.image, asked.steps, asked.operation)) + "\n")
        return 0
    chosen = [fault for fault in FAULTS if asked.about in fault.name]
    if asked.moments:
        chosen = [fault for fault in chosen if fault.name in MOMENTS]
    outdated = [fault for fault in chosen if not fault.applies]
    for fault in outdated:
        out(f"outdated: {fault.name} ({fault.file})\n")
    if asked.list:
        return 0
    usable = [fault for fault in chosen if fault.applies]
    return _try(usable, asked)


def _try(faults: Sequence[Fault], asked: argparse.Namespace) -> int:
    from tests.histories.known import KNOWN

    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "blank.sqlite3"
        told = partial(_told, every=asked.every, steps=asked.steps, image=image)
        sound_of = cache(lambda operation: cache(partial(told, "", operation=operation)))
        for fault in faults:
            operation = MOMENTS[fault.name] if asked.moments else asked.operation
            tells = partial(told, fault.name, operation=operation)
            sound = sound_of(operation)
            found = verdict(asked.first, asked.histories, tells, sound, KNOWN, asked.every)
            missed += not found
            sys.stdout.write(f"{fault.name}: {found or 'NOT FOUND'}\n")
            sys.stdout.flush()
    found_ones = f"{len(faults) - missed} of {len(faults)} found in {asked.histories} histories"
    sys.stdout.write(f"{found_ones}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
