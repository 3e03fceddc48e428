"""A lack of its own where nobody can buy; a search for marketplaces that may have joined later.

Windows from before marketplaces were noted are of all that the account had at the time, and nothing
says which joined later: orders there were searched from then on, and not from the cut-over. So the
newest of these windows is taken for one of the first marketplace alone, and the next import gives
each other one a window of its own.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def let_join(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    """Say of the newest window of each account that it is of its first marketplace."""
    accounts = apps.get_model("django_amazon_sync", "SellerAccount").objects
    windows = apps.get_model("django_amazon_sync", "OrderWindow").objects
    for account in accounts.only("pk"):
        codes = list(account.marketplaces.order_by("pk").values_list("code", flat=True))
        newest = windows.filter(account=account, swept=False, until=None).order_by("-pk").first()
        if len(codes) > 1 and newest is not None and not newest.marketplaces:
            anew = {"page_token": "", "pages": 0, "end": None} if newest.state == "open" else {}
            windows.filter(pk=newest.pk).update(marketplaces=codes[:1], **anew)


class Migration(migrations.Migration):
    dependencies = [
        ("django_amazon_sync", "0006_listing_state"),
    ]

    operations = [
        migrations.AlterField(
            model_name="lack",
            name="part",
            field=models.CharField(
                choices=[
                    ("authorisation", "access to the account"),
                    ("listings_out", "changing listings"),
                    ("listings", "reading listings"),
                    ("feeds", "reading feeds"),
                    ("reports", "reports"),
                    ("orders", "orders"),
                    ("shipments", "confirming shipments"),
                    ("amazon_stock", "stock in Amazon's warehouses"),
                    ("catalogue", "Amazon's catalogue"),
                    ("restrictions", "what the account may not sell"),
                    ("selling", "selling in all stores"),
                ],
                max_length=20,
                verbose_name="what",
            ),
        ),
        migrations.RunPython(let_join, migrations.RunPython.noop),
    ]
