"""Steps of whoever looks at the overview."""

from __future__ import annotations

import re

from django.urls import reverse

from tests.admin.conftest import Staff

URL = reverse("admin:django_amazon_sync_overview")


def page_of(staff: Staff) -> str:
    response = staff.client.get(URL)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def wants(staff: Staff) -> dict[str, str]:
    """What the card says, with the address of its mend."""
    return {
        text: url.replace("&amp;", "&")
        for url, text in re.findall(
            r'<li class="amazon-matter"><a href="([^"]+)">([^<]+)</a>', page_of(staff)
        )
    }
