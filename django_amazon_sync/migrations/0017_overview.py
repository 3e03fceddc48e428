from django.db import migrations


class Migration(migrations.Migration):
    """An entry of the admin; no table changes."""

    dependencies = [
        ("django_amazon_sync", "0016_tax_records"),
    ]

    operations = [
        migrations.CreateModel(
            name="Overview",
            fields=[],
            options={
                "verbose_name": "Amazon at a glance",
                "verbose_name_plural": "Amazon at a glance",
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("django_amazon_sync.selleraccount",),
        ),
    ]
