"""``flush``, which Django calls after each test that commits.

Django's truncates every table, which costs PostgreSQL a second or more, and then makes the
permissions anew. A test fills a few tables, and those that ``migrate`` fills no test changes.
"""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush
from django.db import connections, transaction

#: What ``migrate`` leaves: Django's own makes these rows again.
FILLED_BY_MIGRATE = {"auth_permission", "django_content_type", "django_site"}


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        """Delete the rows of the tables that hold any, in one transaction."""
        connection = connections[options["database"]]
        quote = connection.ops.quote_name
        tables = set(connection.introspection.django_table_names(only_existing=True))
        tables -= FILLED_BY_MIGRATE
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            asked = (
                f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quote(table)})" for table in tables
            )
            cursor.execute(" UNION ALL ".join(asked))
            for (table,) in cursor.fetchall():
                cursor.execute(f"DELETE FROM {quote(table)}")
