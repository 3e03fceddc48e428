"""Who saw which buyer's data: a row for each order, written before the page shows anything."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser, User

from django_amazon_sync.models import PersonalDataView, SellerAccount

Where = PersonalDataView.Where


def note(
    user: User | AnonymousUser, account: SellerAccount, numbers: Iterable[str], where: Where
) -> None:
    """Write down that the user sees the buyers' data of these orders of the account now."""
    by, known = user.get_username()[:255], None if user.is_anonymous else user
    PersonalDataView.objects.bulk_create(
        PersonalDataView(account=account, order_number=number, where=where, user=known, by=by)
        for number in numbers
    )
