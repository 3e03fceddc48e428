"""What wants a person, over all accounts: an entry of the admin, and no table."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from django_amazon_sync.models.accounts import SellerAccount


class Overview(SellerAccount):
    """The accounts as one page over all of them shows them; the rows are the accounts' own."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("Amazon at a glance")
        verbose_name_plural = _("Amazon at a glance")
