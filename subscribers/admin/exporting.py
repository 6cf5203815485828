"""The page from which a list is taken home: why, which rows, in which form, with whole numbers or not."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from subscribers import exports, texts
from subscribers.admin.pages import DayInput, form_page, reason_field
from whatsapp import audit, phones
from whatsapp.admin.base import Watched


class ExportForm(forms.Form):
    reason = reason_field("Per esempio «verifica annuale dei revisori».")
    kind = forms.ChoiceField(label="Formato", widget=forms.RadioSelect())
    start = forms.DateField(label="Dal", required=False, widget=DayInput())
    end = forms.DateField(label="Al", required=False, widget=DayInput())
    day = forms.DateField(
        label="Com'era il giorno",
        required=False,
        widget=DayInput(),
        help_text="Vuoto: l'elenco di adesso, con i filtri. Con un giorno: chi era iscritto o cancellato "
        "alla fine di quel giorno, secondo il registro consensi, senza filtri e senza nomi.",
    )
    whole = forms.BooleanField(
        label="Numeri per intero",
        required=False,
        help_text="Altrimenti i numeri di telefono sono mascherati: +39340****201. Chiedili solo se servono "
        "al motivo.",
    )

    def __init__(self, data: Any, *, kinds: dict[str, exports.Format], without: set[str], dated: str) -> None:
        super().__init__(data)
        kind = self.fields["kind"]
        kind.choices = [(name, one.label) for name, one in kinds.items()]  # type: ignore[attr-defined]
        kind.initial = next(iter(kinds))
        self.fields["start"].help_text = f"Primo giorno, per «{dated}». Vuoto: dall'inizio."
        self.fields["end"].help_text = "Ultimo giorno, compreso. Vuoto: fino a oggi."
        for name in without | (set() if len(kinds) > 1 else {"kind"}):
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        chosen = super().clean() or self.cleaned_data
        start, end, day = (chosen.get(name) for name in ("start", "end", "day"))
        if start and end and start > end:
            self.add_error("end", "È prima del giorno «Dal»: scambia le due date.")
        if day and day > timezone.localdate():
            self.add_error("day", "È nel futuro: scegli oggi o un giorno passato.")
        if day and (start or end):
            self.add_error("day", "Scegli un giorno passato oppure «Dal» e «Al», non tutti e due.")
        return chosen


class Exportable(Watched[Any]):
    """A ledger with a page that exports the rows in view, each export in the log of actions."""

    pages = {"export": ("esporta/", "")}
    resource: type[exports.Table]
    export_permission: str
    export_dated: str  # the field to which «dal» and «al» apply
    export_without: set[str] = set()  # what the form does not ask
    export_kinds: dict[str, exports.Format] = {"csv": exports.CSV}
    export_note = ""  # what the file leaves out, said beside the form
    change_list_template = "admin/subscribers/exportable_change_list.html"
    show_full_result_count = False

    def _filtered(self, page: str, request: HttpRequest) -> str:
        """One of this list's pages, with the filters in force."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return f"{reverse(name)}?{request.GET.urlencode()}"

    def list_tools(self, request: HttpRequest) -> list[tuple[str, str]]:
        """The links above the list: label and address."""
        may_export = request.user.has_perm(self.export_permission)
        return [(self.export_label, self._filtered("export", request))] if may_export else []

    @property
    def export_label(self) -> str:
        return "Esporta CSV" if len(self.export_kinds) == 1 else "Esporta"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        tools = {"list_tools": self.list_tools(request)}
        return super().changelist_view(request, {**tools, **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """GET: the form. POST: the file."""
        if not request.user.has_perm(self.export_permission):
            raise PermissionDenied
        listed = self.get_changelist_instance(request)
        hidden = set() if exports.may_see_whole_numbers(request.user) else {"whole"}
        dated = self.opts.get_field(self.export_dated).verbose_name  # type: ignore[union-attr]
        form = ExportForm(
            request.POST or None,
            kinds=self.export_kinds,
            without=self.export_without | hidden,
            dated=str(dated),
        )
        if form.is_valid():
            return self._download(listed, form.cleaned_data)
        return form_page(
            self,
            request,
            form,
            template="subscribers/export",
            title=f"Esporta: {self.opts.verbose_name_plural}",
            button="Scarica il file CSV" if len(self.export_kinds) == 1 else "Scarica il file",
            label=self.export_label,
            note=self.export_note,
            filters=_filters(listed),
            count=listed.result_count,
            list_url=self._filtered("changelist", request),
            masked="whole" in hidden - self.export_without,
            again=True,
        )

    def _download(self, listed: Any, chosen: dict[str, Any]) -> StreamingHttpResponse:
        """The entry in the log first, then the file as it is read."""
        day, whole = chosen.get("day"), bool(chosen.get("whole"))
        resource: exports.Table
        name = f"{slugify(str(self.opts.verbose_name_plural))}-{timezone.localtime():%Y-%m-%d-%H%M}"
        if day:
            filters, name = [f"com'era alla fine del {texts.date_of(day)}"], f"{name}-com-era-il-{day}"
            resource, rows = exports.StandingResource(), exports.listed_at(day)
        else:
            filters, rows = _filters(listed), self.with_details(listed.queryset)
            for word, lookup, limit in (("dal", "gte", chosen["start"]), ("al", "lte", chosen["end"])):
                if limit:
                    rows = rows.filter(**{f"{self.export_dated}__date__{lookup}": limit})
                    filters.append(f"{word} {texts.date_of(limit)}")
            resource, rows = self.resource(), rows.iterator(chunk_size=exports.CHUNK)
        kind = self.export_kinds[chosen.get("kind") or "csv"]
        entry = audit.begin_export(
            self.model,
            kind.extension.upper(),
            reason=phones.masked(chosen["reason"]),
            filters="; ".join(filters) or "nessuno",
            whole=whole,
        )
        pieces = exports.stream(
            resource,
            rows,
            whole=whole,
            done=lambda count, sha256: audit.end_export(entry, rows=count, sha256=sha256),
            kind=kind,
        )
        response = StreamingHttpResponse(pieces, content_type=kind.content_type)
        response["Content-Disposition"] = f'attachment; filename="{name}.{kind.extension}"'
        return response

    def with_details(self, rows: Any) -> Any:
        return rows


def _filters(listed: Any) -> list[str]:
    """The list's filters in words, as its sidebar says them. The first choice of each is «all».

    What was searched may be a person's name, which does not belong into a log.
    """
    words, told = [], set()
    for spec in listed.filter_specs:
        told |= set(spec.expected_parameters())
        chosen = [choice["display"] for choice in list(spec.choices(listed))[1:] if choice["selected"]]
        words += [f"{spec.title}: {value}" for value in chosen]
    for name, values in listed.get_filters_params().items():
        if name not in told:  # from a link, such as the events of one person
            words.append(f"{name.removesuffix('__exact')}: {', '.join(values)}")
    return [*words, "con una ricerca"] if listed.query else words
