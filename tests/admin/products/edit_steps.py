"""Steps of whoever edits many rows at once."""

from __future__ import annotations

from typing import Any

from tests.admin.conftest import Staff, address


def edit(staff: Staff, model: type[Any], step: str, *rows: Any, **data: Any) -> Any:
    """Post one page of the editing; without rows it is about all that match."""
    across = not rows
    chosen = rows or [model.objects.order_by("pk")[0]]
    posted = {
        "action": "edit_selected", "select_across": str(int(across)), "step": step,
        "_selected_action": [row.pk for row in chosen], **data,
    }  # fmt: skip
    return staff.client.post(address(model), posted, follow=True)


def edited(staff: Staff, model: type[Any], *rows: Any, **data: Any) -> Any:
    """Look, then save what was looked at."""
    outlook = edit(staff, model, "look", *rows, **data).context["outlook"]
    return edit(staff, model, "save", *rows, mark=outlook.seen.text, **data)
