"""What Amazon refuses of listings is of one marketplace.

What was noted before is of the whole account, and of several marketplaces none: it is forgotten in
either direction, and noted anew by the next call that is refused.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def forget(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    """Forget what was refused of listings."""
    lacks = apps.get_model("django_amazon_sync", "Lack").objects
    lacks.filter(part__in=["listings", "listings_out"]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("django_amazon_sync", "0007_selling_and_joining"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="lack", name="amazon_lack_once"),
        migrations.AddField(
            model_name="lack",
            name="marketplace",
            field=models.CharField(blank=True, max_length=20, verbose_name="marketplace"),
        ),
        migrations.AddConstraint(
            model_name="lack",
            constraint=models.UniqueConstraint(
                fields=["account", "part", "marketplace"], name="amazon_lack_once"
            ),
        ),
        migrations.RunPython(forget, forget),
    ]
