"""The spreadsheet of an account's offers: written to a file, and read from one after a look.

It is there where django-import-export is installed (the extra ``spreadsheet``); without it nothing
of it is shown, and nothing is imported.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.module_loading import import_string
from django.utils.text import slugify
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.access import visible_accounts
from django_amazon_sync.admin.common.base import ScreenPart
from django_amazon_sync.admin.common.formatting import brief, list_url
from django_amazon_sync.admin.common.seen import Seen
from django_amazon_sync.admin.products import sheet_files
from django_amazon_sync.admin.products.sheet_rows import KEY, OfferRow
from django_amazon_sync.models import SellerAccount, SellerSku
from django_amazon_sync.rules.identifiers import may_be_pk
from django_amazon_sync.shops import configured_shop

if TYPE_CHECKING:
    from django_amazon_sync.admin.products.offer_sheet import OfferSheet

#: Bytes of a file that is read.
LARGEST = 20 * 2**20

#: Rows of changes, and faults, that a page shows; all are counted.
SHOWN = 50

#: Seconds that a file which was looked at can be saved.
KEPT_FOR = 3600

PAGE, EXPORT = "django_amazon_sync_spreadsheet", "django_amazon_sync_spreadsheet_export"
_SALT = "django_amazon_sync.spreadsheet"
_STORAGE = "import_export.tmp_storages.TempFolderStorage"


def installed() -> bool:
    """Whether django-import-export and what it needs for XLSX are there."""
    return all(find_spec(name) for name in ("import_export", "openpyxl"))


class FileForm(forms.Form):
    """Which account, and which file."""

    account = forms.ModelChoiceField(
        SellerAccount.objects.none(), label=pgettext_lazy("at Amazon", "Account"), empty_label=None
    )
    file = forms.FileField(label=_("File (CSV or XLSX)"))

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.accounts = visible_accounts(request).order_by("name")
        choice = self.fields["account"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = self.accounts

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(
                _("The file is larger than %(number)d MB; send its rows in several files."),
                params={"number": LARGEST // 2**20},
            )
        return file


class Fault(Protocol):
    """What the library says of something that failed."""

    error: Exception


class FailedRow(Protocol):
    """A row that failed, counted without the first."""

    number: int
    errors: Sequence[Fault]


class InvalidRow(Protocol):
    """A row whose values cannot be: what is wrong by column, and of the whole row."""

    number: int
    field_specific_errors: Mapping[str, Sequence[str]]
    non_field_specific_errors: Sequence[str]


class FileResult(Protocol):
    """What became of the rows of a file, as the library says it."""

    base_errors: Sequence[Fault]
    error_rows: Sequence[FailedRow]
    invalid_rows: Sequence[InvalidRow]


class Storage(Protocol):
    """A place of the library for files meanwhile."""

    name: str

    def save(self, data: bytes) -> None: ...

    def read(self) -> bytes: ...

    def remove(self) -> None: ...


class KeptFile(TypedDict):
    """What a token says: the name under which a file and its marks are kept, and whose it is."""

    name: str
    account: int
    user: str


@dataclass(frozen=True)
class CellFault:
    """Why a cell, a row or a file cannot be taken in, with what it says and of which offer."""

    reason: str
    row: int | str = ""
    sku: str = ""
    column: str = ""
    value: str = ""


@dataclass
class SheetChanges:
    """What a file would change, or why it cannot be taken in; ``others`` are the rows that are no
    longer what a page showed."""

    faults: list[CellFault]
    changed: list[OfferRow]
    others: list[OfferRow] = field(default_factory=list)

    @property
    def deleted(self) -> int:
        """How many values would be taken away."""
        return sum(len(row.deleted) for row in self.changed)

    @property
    def shown(self) -> Sequence[OfferRow]:
        return self.changed[:SHOWN]

    @property
    def first_faults(self) -> Sequence[CellFault]:
        return self.faults[:SHOWN]


class HasSpreadsheet(ScreenPart[SellerSku]):
    """The pages of the spreadsheet; a part of the ModelAdmin of SKUs."""

    def get_urls(self) -> list[URLPattern]:
        urls = super().get_urls()
        if not installed():
            return urls
        view = self.admin_site.admin_view
        return [
            path("spreadsheet/", view(self.spreadsheet), name=PAGE),
            path("spreadsheet/file/", view(self.spreadsheet_file), name=EXPORT),
            *urls,
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        url = reverse(f"admin:{PAGE}") if installed() else ""
        more = {"spreadsheet_url": url, **(extra_context or {})}
        return super().changelist_view(request, more)

    def spreadsheet(self, request: HttpRequest) -> HttpResponse:
        """The page with both ways; a file is looked at first, and saved when that is confirmed."""
        self._check_may_look(request)
        if request.method != "POST":
            return self._spreadsheet_page(request, FileForm(request))
        if not self.has_change_permission(request):
            raise PermissionDenied
        if "token" in request.POST:
            return self._save_file(request)
        form = FileForm(request, request.POST, request.FILES)
        if not form.is_valid():
            return self._spreadsheet_page(request, form)
        file: UploadedFile[bytes] = form.cleaned_data["file"]
        content: bytes = file.read()
        account: SellerAccount = form.cleaned_data["account"]
        try:
            return self._look_at_file(request, form, account, content)
        except sheet_files.BadFile as fault:
            form.add_error("file", str(fault))
            return self._spreadsheet_page(request, form)

    def _look_at_file(
        self, request: HttpRequest, form: FileForm, account: SellerAccount, content: bytes
    ) -> HttpResponse:
        """The page with what a file would change; it is kept with the marks of what is shown."""
        outcome = take_in(request, account, content)
        token = ""
        if outcome.changed and not outcome.faults:
            seen = Seen(row.mark() for row in outcome.changed)
            token = _keep(request, account, seen, content)
        return self._spreadsheet_page(request, form, outcome=outcome, token=token)

    def _save_file(self, request: HttpRequest) -> HttpResponse:
        account, seen, content = _kept(request)
        if account is None:
            messages.error(request, _("The file is no longer kept; choose it again."))
            return HttpResponseRedirect(reverse(f"admin:{PAGE}"))
        try:
            outcome = take_in(request, account, content, seen)
        except sheet_files.BadFile as fault:
            messages.error(request, str(fault))
            return HttpResponseRedirect(reverse(f"admin:{PAGE}"))
        if outcome.faults:
            return self._spreadsheet_page(
                request, FileForm(request), outcome=outcome, account=account
            )
        text = ngettext(
            "%(number)d offer is changed.", "%(number)d offers are changed.", len(outcome.changed)
        )
        messages.success(request, text % {"number": len(outcome.changed)})
        if not outcome.others:
            return HttpResponseRedirect(list_url(SellerSku))
        others = (f"{row} ({', '.join(row.changed)})" for row in outcome.others)
        told = gettext("Not saved, as they are no longer what you saw: %(rows)s. Look again.")
        messages.warning(request, told % {"rows": brief(", ".join(others))})
        return self._look_at_file(request, FileForm(request), account, content)

    def spreadsheet_file(self, request: HttpRequest) -> HttpResponseBase:
        """All offers of an account as a file, row by row."""
        self._check_may_look(request)
        chosen = request.GET.get("account", "")
        accounts = visible_accounts(request)
        account = accounts.filter(pk=chosen).first() if may_be_pk(chosen) else None
        if account is None:
            raise Http404
        sheet, name = _sheet(request, account), slugify(account.name) or str(account.pk)
        if request.GET.get("format") == "xlsx":
            file = tempfile.TemporaryFile()  # noqa: SIM115  (the answer closes it)
            sheet_files.write_xlsx(sheet.head, sheet.all_rows(), file)
            file.seek(0)
            return FileResponse(file, as_attachment=True, filename=f"amazon-{name}.xlsx")
        return StreamingHttpResponse(
            sheet_files.write_csv(sheet.head, sheet.all_rows()),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="amazon-{name}.csv"'},
        )

    def _check_may_look(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _spreadsheet_page(
        self, request: HttpRequest, form: FileForm, **more: object
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Spreadsheet"),
            "opts": SellerSku._meta,
            "form": form,
            "accounts": form.accounts,
            "export_url": reverse(f"admin:{EXPORT}"),
            "may_change": self.has_change_permission(request),
            **more,
        }
        return TemplateResponse(request, "django_amazon_sync/admin/spreadsheet.html", context)


def take_in(
    request: HttpRequest, account: SellerAccount, content: bytes, seen: Seen | None = None
) -> SheetChanges:
    """Compare a file with what is there; save what of it was ``seen``, where nothing speaks against
    the file. Raises BadFile."""
    from tablib import Dataset

    sheet = _sheet(request, account)
    sheet.seen = seen
    table = sheet_files.read(content, sheet.head)
    if KEY not in table.head:
        raise sheet_files.BadFile(
            gettext("The file has no column %(name)s, which says what a row is about.")
            % {"name": KEY}
        )
    if unknown := [name or '""' for name in table.head if name not in sheet.head]:
        raise sheet_files.BadFile(
            gettext("There is no column %(names)s here. The columns are: %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join(sheet.head)}
        )
    dataset = Dataset(*table.rows, headers=table.head)
    result: FileResult = sheet.import_data(
        dataset, dry_run=seen is None, use_transactions=True, rollback_on_validation_errors=True
    )
    return SheetChanges(_faults(result, table), sheet.touched, sheet.others)


def _faults(result: FileResult, table: sheet_files.Sheet) -> list[CellFault]:
    """All that keeps the file from being saved, each with its offer and what its cell says."""

    def fault(reason: object, number: int, column: str = "") -> CellFault:
        cells = dict(zip(table.head, table.rows[number - 1], strict=True))
        value = cells.get(column, "")
        return CellFault(str(reason), number + 1, cells[KEY].strip(), column, value)

    faults = [CellFault(str(base.error)) for base in result.base_errors]
    for row in result.error_rows:
        faults += [fault(each.error, row.number) for each in row.errors]
    for invalid in result.invalid_rows:
        for column, reasons in invalid.field_specific_errors.items():
            faults.append(fault(" ".join(reasons), invalid.number, column))
        faults += [fault(text, invalid.number) for text in invalid.non_field_specific_errors]
    return faults


def _sheet(request: HttpRequest, account: SellerAccount) -> OfferSheet:
    from django_amazon_sync.admin.products.offer_sheet import OfferSheet

    return OfferSheet(account, configured_shop(), request)


# --- A file between the look and the saving -------------------------------------------------------


def _storage(name: str | None = None) -> Storage:
    """Where django-import-export keeps files meanwhile; a setting of its own chooses."""
    chosen: str | None = getattr(settings, "IMPORT_EXPORT_TMP_STORAGE_CLASS", None)
    kind: Callable[..., Storage] = import_string(chosen or _STORAGE)
    return kind(name=name, read_mode="rb", encoding=None)


def _keep(request: HttpRequest, account: SellerAccount, seen: Seen, content: bytes) -> str:
    """Keep a file and the marks of what was shown of it; what is given back names it, for this
    user and account, for an hour."""
    storage = _storage()
    storage.save(seen.text.encode() + b"\n" + content)
    about = KeptFile(name=storage.name, account=account.pk, user=str(request.user.pk))
    return signing.dumps(about, salt=_SALT)


def _kept(request: HttpRequest) -> tuple[SellerAccount | None, Seen, bytes]:
    """The account, what was seen and the file, once; no account where they are gone."""
    nothing = None, Seen(), b""
    try:
        about: KeptFile = signing.loads(request.POST["token"], salt=_SALT, max_age=KEPT_FOR)
    except signing.BadSignature:
        return nothing
    accounts = visible_accounts(request)
    account = accounts.filter(pk=about["account"]).first()
    if account is None or about["user"] != str(request.user.pk):
        return nothing
    storage = _storage(about["name"])
    try:
        kept: bytes | None = storage.read()
        storage.remove()
    except OSError:
        kept = None
    if kept is None:
        return nothing
    marks, _line, content = kept.partition(b"\n")
    return account, Seen.of(marks.decode()), content
