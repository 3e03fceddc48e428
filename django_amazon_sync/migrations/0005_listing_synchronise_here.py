from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("django_amazon_sync", "0004_runs_and_alarms"),
    ]

    operations = [
        migrations.AddField(
            model_name="listing",
            name="synchronise_here",
            field=models.BooleanField(
                blank=True,
                help_text="Unknown: as its SKU. No: only the quantity is sent, as stores may share it, and nothing is made here.",
                null=True,
                verbose_name="synchronise here",
            ),
        ),
    ]
