"""Alarms of each kind and of each thing, told of their end too.

What was told of whole kinds is deleted: each order, shipment and listing has an alarm of its own
from now on, and those that still want somebody are told once more, in one mail. Of what was mended
before, no end is told.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import django_amazon_sync.clock


OF_ROWS = ("ship_by", "quarantine", "drift", "approval")


def begin_anew(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    """Forget what was told of many things at once, and that ends were not told."""
    alarms = apps.get_model("django_amazon_sync", "Alarm").objects
    alarms.filter(mended_at=None, kind__in=OF_ROWS).delete()
    alarms.exclude(mended_at=None).update(end_told_at=models.F("mended_at"))


def forget_each(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    """One of many things is no alarm of a kind."""
    apps.get_model("django_amazon_sync", "Alarm").objects.filter(mended_at=None).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("django_amazon_sync", "0008_lacks_by_marketplace"),
    ]

    operations = [
        migrations.AddField(
            model_name="alarm",
            name="end_told_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="end mailed at"),
        ),
        migrations.AddField(
            model_name="alarm",
            name="noted_at",
            field=models.DateTimeField(
                default=django_amazon_sync.clock.now,
                editable=False,
                null=True,
                verbose_name="seen since",
            ),
        ),
        migrations.AlterField(
            model_name="alarm",
            name="kind",
            field=models.CharField(
                choices=[
                    ("disconnected", "disconnected"),
                    ("authorise", "Amazon refuses access"),
                    ("selling", "buyers cannot buy everywhere"),
                    ("stuck", "runs that no worker begins"),
                    ("not_sent", "changes do not reach Amazon"),
                    ("stopping", "runs stop again and again"),
                    ("orders_stale", "orders are not up to date"),
                    ("ship_by", "ship-by time is near"),
                    ("quarantine", "orders in quarantine"),
                    ("not_told", "changes of orders that the shop does not take"),
                    ("asking", "buyers who ask to cancel"),
                    ("shipment_refused", "shipments that Amazon refused"),
                    ("shipment_incomplete", "shipments that lack something"),
                    ("approval", "changes wait for approval"),
                    ("refused", "listings that Amazon refused"),
                    ("claimed", "a product has a listing's SKU"),
                    ("drift", "listings drifted"),
                    ("secret", "client secret about to expire"),
                    ("authorisation", "authorisation about to expire"),
                    ("observing", "account only reads"),
                    ("lacking", "something is missing that the rest goes on without"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.RunPython(begin_anew, forget_each),
    ]
