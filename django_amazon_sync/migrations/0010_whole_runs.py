"""A whole run waits once for each account and job, and a run counts the workers that died at it.

Runs from before count as of a part: where one of them waits, a second one may be asked for.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("django_amazon_sync", "0009_alarms"),
    ]

    operations = [
        migrations.AddField(
            model_name="syncrun",
            name="whole",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="syncrun",
            name="deaths",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddConstraint(
            model_name="syncrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("started_at__isnull", True), ("state", "queued"), ("whole", True)
                ),
                fields=("account", "job"),
                name="amazon_run_whole_once",
            ),
        ),
    ]
