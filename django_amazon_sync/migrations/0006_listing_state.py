"""One owner of a listing's state: columns are renamed after what they hold, and say since when.

The renames and the new columns change no row: columns with a constant default are added without
rewriting the table on PostgreSQL. What was refused, held, approved or drifted is carried over in
batches, by partial index; what was on its way has the moment it was written as its deadline, so
that it is settled; and the prices that the guard compares with are remembered as they are met.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import migrations, models
from django.db.models import F, Q

import django_amazon_sync.clock

ROWS = 1000


def _in_batches(rows: Any) -> Iterator[list[Any]]:
    """Rows by pk, so many at a time, each batch by a query of its own."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:ROWS]):
        last = batch[-1].pk
        yield batch


def carry_over(apps: Any, schema_editor: Any) -> None:
    """Say of each stop and approval what can be known of it."""
    listings = apps.get_model("django_amazon_sync", "Listing").objects
    now = django_amazon_sync.clock.now().isoformat()
    stopped = ~Q(refused={}) | ~Q(held={}) | ~Q(approved={}) | ~Q(drift={})
    for batch in _in_batches(listings.filter(stopped)):
        for row in batch:
            code, _colon, _reason = row.reason.partition(": ")
            refused = {name: code for name in row.refused if name not in row.held}
            for name, its_code in {**refused, **dict.fromkeys(row.held, "approval")}.items():
                row.stops[name] = {
                    "code": its_code, "reason": row.reason, "since": now, "tries": 1,
                    "again_at": now if name == "quantity" and name in refused else None,
                    "kind": "", "against": None,
                }  # fmt: skip
            row.refused = {name: row.refused[name] for name in refused}
            row.again_at = now if "quantity" in refused else None
            row.approvals = {name: {"by": "", "at": now} for name in row.approved}
            row.drift = {
                name: {"ours": seen.get("accepted"), "live": seen.get("live"), "since": now}
                if isinstance(seen, dict)
                else seen
                for name, seen in row.drift.items()
            }
        listings.bulk_update(
            batch, ["stops", "refused", "approvals", "drift", "again_at"], batch_size=200
        )
    submissions = apps.get_model("django_amazon_sync", "Submission").objects
    submissions.filter(state__in=("new", "sent")).update(deadline=F("created_at"))


def carry_back(apps: Any, schema_editor: Any) -> None:
    """The words of before for what drifted; all else was there before."""
    listings = apps.get_model("django_amazon_sync", "Listing").objects
    for batch in _in_batches(listings.exclude(drift={})):
        for row in batch:
            row.drift = {
                name: {"accepted": seen.get("ours"), "live": seen.get("live")}
                if isinstance(seen, dict)
                else seen
                for name, seen in row.drift.items()
            }
        listings.bulk_update(batch, ["drift"], batch_size=200)


class Migration(migrations.Migration):
    atomic = True
    dependencies = [("django_amazon_sync", "0005_orders")]

    operations = [
        migrations.RenameField("listing", "accepted", "believed"),
        migrations.RenameField("listing", "quantity_epoch", "quantity_version"),
        migrations.RenameField("sellersku", "stock_epoch", "stock_version"),
        migrations.RenameField("submissionitem", "quantity_epoch", "quantity_version"),
        migrations.AddField(
            model_name="listing",
            name="again_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When something that Amazon refused is tried again.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="answered",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Field to when, and at which look, Amazon accepted it.",
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="approvals",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Who approved each value that is approved, and when.",
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="check_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When it is read, as two requests may have crossed.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="prices",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="The prices of the last day and the last one, by time.",
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="stops",
            field=models.JSONField(
                blank=True, default=dict, help_text="Why each value that is refused or held is so."
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="suspected",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="A live quantity below ours that one reading showed.",
            ),
        ),
        migrations.AddField(
            model_name="sellersku",
            name="explained_version",
            field=models.BigIntegerField(
                default=0, help_text="The stock version that the last order, or named sale, made."
            ),
        ),
        migrations.AddField(
            model_name="sellersku",
            name="former_offer_pk",
            field=models.CharField(
                blank=True,
                db_index=True,
                help_text="The offer that has another SKU now, which waits until this one is at zero.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="sellersku",
            name="gone_since",
            field=models.DateTimeField(
                blank=True, help_text="When the shop was first seen without its offer.", null=True
            ),
        ),
        migrations.AddField(
            model_name="sellersku",
            name="look",
            field=models.BigIntegerField(
                default=0, help_text="The number of the newest look at it, over all marketplaces."
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="deadline",
            field=models.DateTimeField(
                blank=True,
                help_text="By the database's clock; nothing of it leaves later.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="submissionitem",
            name="look",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="submissionitem",
            name="moves",
            field=models.CharField(
                blank=True, help_text="The guard that counts it, if any does.", max_length=10
            ),
        ),
        migrations.AlterField(
            model_name="listing",
            name="quantity_version",
            field=models.BigIntegerField(
                default=-1,
                help_text="The SKU's stock version when the believed quantity was computed.",
            ),
        ),
        migrations.AlterField(
            model_name="offerchange",
            name="at",
            field=models.DateTimeField(default=django_amazon_sync.clock.now, editable=False),
        ),
        migrations.AddField(
            model_name="offerchange",
            name="told",
            field=models.BooleanField(default=False, help_text="The shop itself told of it."),
        ),
        migrations.AddField(
            model_name="offerchange",
            name="sold",
            field=models.BooleanField(
                default=False, help_text="The shop's own customers bought it."
            ),
        ),
        migrations.AlterField(
            model_name="orderwindow",
            name="created_at",
            field=models.DateTimeField(default=django_amazon_sync.clock.now, editable=False),
        ),
        migrations.AlterField(
            model_name="proposal",
            name="made_at",
            field=models.DateTimeField(
                default=django_amazon_sync.clock.now, editable=False, verbose_name="made at"
            ),
        ),
        migrations.AlterField(
            model_name="runline",
            name="at",
            field=models.DateTimeField(
                default=django_amazon_sync.clock.now, editable=False, verbose_name="at"
            ),
        ),
        migrations.AlterField(
            model_name="schedule",
            name="next_due",
            field=models.DateTimeField(
                default=django_amazon_sync.clock.now, verbose_name="next due"
            ),
        ),
        migrations.AlterField(
            model_name="selleraccount",
            name="cut_over",
            field=models.DateTimeField(
                default=django_amazon_sync.clock.now,
                help_text="Orders from before this moment take no stock and are placed on request.",
                verbose_name="cut-over",
            ),
        ),
        migrations.AddField(
            model_name="sellersku",
            name="sold_here",
            field=models.BooleanField(
                default=False,
                help_text="It was linked and switched on since the release; once gone it goes to zero.",
            ),
        ),
        migrations.AlterField(
            model_name="submission",
            name="created_at",
            field=models.DateTimeField(
                default=django_amazon_sync.clock.now, editable=False, verbose_name="created at"
            ),
        ),
        migrations.AlterField(
            model_name="syncrun",
            name="created_at",
            field=models.DateTimeField(
                default=django_amazon_sync.clock.now, editable=False, verbose_name="created at"
            ),
        ),
        migrations.AddIndex(
            model_name="listing",
            index=models.Index(
                condition=models.Q(("again_at__isnull", False)),
                fields=["again_at"],
                name="amazon_listing_again_at",
            ),
        ),
        migrations.AddIndex(
            model_name="listing",
            index=models.Index(
                condition=models.Q(("check_at__isnull", False)),
                fields=["check_at"],
                name="amazon_listing_check_at",
            ),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["account", "created_at"], name="amazon_submission_lately"),
        ),
        migrations.RunPython(carry_over, carry_back),
    ]
