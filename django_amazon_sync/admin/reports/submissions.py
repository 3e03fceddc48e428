"""What was sent to Amazon, and what became of it."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common import help_links, issue_texts, next_steps
from django_amazon_sync.admin.common.base import AccountFilter, MarketplaceFilter, ReadOnly, Screen
from django_amazon_sync.admin.common.formatting import document, link, table
from django_amazon_sync.admin.common.help_articles import explained
from django_amazon_sync.admin.common.words import words
from django_amazon_sync.models import Submission

#: A submission may carry thousands of items; its page shows the first.
ITEMS_SHOWN = 100


@admin.register(Submission)
class SubmissionAdmin(ReadOnly, Screen[Submission]):
    reads_with = ("account", "marketplace", "run")
    encrypted = ("account__refresh_token",)
    list_display = (
        "__str__", "state", "why", "messages", "marketplace", "created_at", "settled_at", "account",
    )  # fmt: skip
    list_filter = (AccountFilter, MarketplaceFilter, "state", "kind")
    search_fields = ("items__listing__sku__sku", "amazon_id")
    search_help_text = _("SKU or Amazon's id")
    ordering = ("-pk",)
    fields = (
        "kind", "account", "marketplace", "run_link", "state", "said", "what_next", "amazon_id",
        "created_at", "sent_at", "not_before", "settled_at", "messages", "items", "shown_content",
    )  # fmt: skip
    readonly_fields = ("run_link", "said", "what_next", "messages", "items", "shown_content")

    @admin.display(description=_("run"))
    def run_link(self, submission: Submission) -> str:
        return link(submission.run) if submission.run else ""

    @admin.display(description=_("what happens next"))
    def what_next(self, submission: Submission) -> str:
        return explained(next_steps.of_submission(submission), help_links.of_submission(submission))

    @admin.display(description=_("reason"))
    def said(self, submission: Submission) -> str:
        return issue_texts.reason_in_words(submission.reason)

    @admin.display(description=_("listings in the feed"))
    def messages(self, submission: Submission) -> str:
        return words(submission.content.get("messages"))

    @admin.display(description=_("items"))
    def items(self, submission: Submission) -> str:
        items = submission.items.select_related("listing__sku", "listing__marketplace")
        return table(
            (_("listing"), _("values")),
            [
                (link(item.listing), words(item.values))
                for item in items.order_by("pk")[:ITEMS_SHOWN]
            ],
        )

    @admin.display(description=_("content"))
    def shown_content(self, submission: Submission) -> str:
        return document(submission.content)
