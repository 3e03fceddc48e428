"""How far a run is, live: what a page shows of it, and what the page asks for while it is open.

Both say the same, so without JavaScript the page shows the moment at which it was made. The
answer is one small JSON document, a few queries however many lines the run has.
"""

from __future__ import annotations

from django.http import JsonResponse
from django.template.loader import render_to_string

from django_amazon_sync.admin.common import next_steps
from django_amazon_sync.admin.common.base import marketplace_name
from django_amazon_sync.admin.common.formatting import count_name, drift_text, value_text
from django_amazon_sync.admin.common.words import name_in_words
from django_amazon_sync.data import FieldValue, FieldValues
from django_amazon_sync.models import Outcome, RunLine, RunState, SyncRun
from django_amazon_sync.sync.accounts.budget import how_far

#: Lines that are shown while a run is at work, the newest first.
LAST_LINES = 10

ENDED = (RunState.DONE, RunState.STOPPED)


def state_of(run: SyncRun) -> dict[str, object]:
    """What is shown of a run: texts and numbers only."""
    ended = run.state in ENDED
    return {
        "state": run.state,
        "label": str(run.get_state_display()),
        "ended": ended,
        "went_well": run.went_well if ended else None,
        "dry_run": run.dry_run,
        "sentence": f"{run.reason} {next_steps.of_run(run)}".strip(),
        # Where there was nothing to do, "0 of 0 done" would tell nobody anything.
        "progress": "" if ended and not run.planned else how_far(run, []),
        "planned": run.planned,
        "done": run.done,
        "counts": [
            {"name": str(count_name(name)), "number": number} for name, number in run.counted
        ],
        "lines": [line_in_words(line) for line in run.lines.order_by("-pk")[:LAST_LINES]],
    }


def line_in_words(line: RunLine) -> dict[str, str]:
    """A line of a run as people read it."""
    return {
        "subject": line.sku or line.order_number,
        "store": marketplace_name(line.marketplace),
        "outcome": str(Outcome(line.outcome).label),
        "values": values_in_words(line.values),
        "message": line.message,
    }


def values_in_words(values: FieldValues) -> str:
    """The values of a line, such as "price: 12.90 EUR"; of two sides each by its name."""
    return ", ".join(
        f"{name_in_words(name)}: {_sides(name, value)}" for name, value in values.items()
    )


def _sides(name: str, value: FieldValue) -> str:
    if isinstance(value, dict) and value.keys() == {"shop", "amazon"}:
        return f"{value_text(name, value['shop'])} → {value_text(name, value['amazon'])}"
    if isinstance(value, dict) and value.keys() >= {"ours", "live"}:
        return drift_text(name, value)
    return value_text(name, value)


def answer(run: SyncRun) -> JsonResponse:
    """The state of a run for a page that is open; never kept by a cache."""
    response = JsonResponse(state_of(run))
    response["Cache-Control"] = "no-store"
    return response


def panel(run: SyncRun, state_url: str, report_url: str = "", then: str = "") -> str:
    """What a page shows of a run; ``state_url`` is asked for again while the run is at work.

    ``report_url`` leads to the run's full report, where that is another page; ``then`` is a piece
    of the page that shows once the run is done.
    """
    context = {
        "run": run,
        "state": state_of(run),
        "state_url": state_url,
        "report_url": report_url,
        "then": then,
    }
    return render_to_string("django_amazon_sync/run_panel.html", context)
