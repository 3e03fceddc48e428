"""Staff end offers in a store, and what Amazon shows no offer of any more has a presence of its own.

Backwards what was ended is read anew before anything else; the older version does not know that it
was ended, and offers it again where its store is active.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def say_unread(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """What an older version does not know, in its words."""
    listings = apps.get_model("django_amazon_sync", "Listing").objects
    listings.using(editor.connection.alias).filter(presence="ended").update(presence="unread")


class Migration(migrations.Migration):
    dependencies = [
        ("django_amazon_sync", "0012_parcels_seen"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="listing",
            name="amazon_listing_presence",
        ),
        migrations.AddField(
            model_name="listing",
            name="end_offer",
            field=models.BooleanField(
                default=False,
                help_text="Staff ended its offer in this store; only they let it on again.",
                verbose_name="end the offer",
            ),
        ),
        migrations.AlterField(
            model_name="listing",
            name="presence",
            field=models.CharField(
                choices=[
                    ("unread", "not read yet"),
                    ("absent", "not on Amazon"),
                    ("present", "on Amazon"),
                    ("ended", "offer ended"),
                ],
                default="unread",
                max_length=10,
                verbose_name="presence",
            ),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=models.Q(("presence__in", ["unread", "absent", "present", "ended"])),
                name="amazon_listing_presence",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, say_unread),
    ]
