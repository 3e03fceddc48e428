"""What each price and quantity that is sent was made of, why it was sent, and when it was live."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("django_amazon_sync", "0017_overview"),
    ]

    operations = [
        migrations.AddField(
            model_name="submissionitem",
            name="causes",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Why its price and quantity were others than before.",
            ),
        ),
        migrations.AddField(
            model_name="submissionitem",
            name="live",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Field to when it was first seen live (ISO 8601).",
            ),
        ),
        migrations.AddField(
            model_name="submissionitem",
            name="order_number",
            field=models.CharField(
                blank=True, default="", help_text="The order that its causes name.", max_length=50
            ),
        ),
        migrations.AddField(
            model_name="submissionitem",
            name="reckoning",
            field=models.JSONField(
                blank=True, default=dict, help_text="What its price and its quantity were made of."
            ),
        ),
        migrations.AddField(
            model_name="submissionitem",
            name="refused",
            field=models.TextField(
                blank=True,
                default="",
                help_text="Amazon's words, where it refused this message of a feed.",
            ),
        ),
        migrations.AddIndex(
            model_name="submissionitem",
            index=models.Index(fields=["listing", "-id"], name="amazon_item_newest"),
        ),
        migrations.AddIndex(
            model_name="submissionitem",
            index=models.Index(
                condition=models.Q(("order_number", ""), _negated=True),
                fields=["order_number"],
                name="amazon_item_of_order",
            ),
        ),
    ]
