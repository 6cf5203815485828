"""Importing a list: upload, look at what would happen, confirm, watch."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from subscribers import decoding, enrolment, exports, importing, listfile
from subscribers.admin.pages import DayInput, form_page
from subscribers.importing import Outcome, State
from subscribers.models import SubscriberImport
from whatsapp.admin.base import Paged, ReadOnly, badge, column, key_of

PROBLEMS = 50
TONES = {State.PREVIEW: "amber", State.RUNNING: "blue", State.DONE: "green", State.CANCELLED: "grey"}
# Outcome -> colour and words, in the order of the bar.
PIECES = {
    Outcome.SUBSCRIBED: ("green", "iscritti"),
    Outcome.READY: ("blue", "da iscrivere"),
    Outcome.ALREADY: ("grey", "già iscritti"),
    Outcome.REFUSED: ("red", "rifiutati"),
}


class ImportForm(forms.Form):
    file = forms.FileField(
        label="File",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=f"Un CSV con al massimo {listfile.MOST_ROWS // 1000}.000 righe. Sopra le righe ci sono i "
        "nomi delle colonne: «cellulare» o «telefono» è l'unica necessaria; si leggono anche «nome», "
        "«cognome» e «data del consenso», le altre si ignorano. Vanno bene anche le rubriche di Google, "
        "Outlook e iPhone salvate come CSV.",
    )
    alphabet = forms.ChoiceField(
        label="Come si leggono bene le parole?",
        widget=forms.RadioSelect(),
        choices=[*decoding.ALPHABETS.items()],
    )
    reference = forms.CharField(
        label="Riferimento della prova",
        max_length=200,
        widget=AdminTextInputWidget(),
        help_text=SubscriberImport._meta.get_field("reference").help_text,
    )
    signed_on = forms.DateField(
        label="Data del consenso",
        required=False,
        widget=DayInput(),
        help_text="Per le righe che non ne hanno una propria.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """The alphabet is asked for only after a file has left it in doubt."""
        super().__init__(*args, **kwargs)
        self._alphabet = self.fields["alphabet"]
        if "alphabet" not in self.data:
            del self.fields["alphabet"]

    def clean_signed_on(self) -> Any:
        if day := self.cleaned_data["signed_on"]:
            try:
                enrolment.beginning(day)
            except enrolment.Refused as refusal:
                raise forms.ValidationError(f"Non va bene: {refusal}.") from refusal
        return day

    def save(self, request: HttpRequest) -> SubscriberImport | None:
        """Read and judge the file; None if it is refused, with the reason beside it."""
        upload = self.cleaned_data["file"]
        try:
            return importing.preview(
                upload.read(listfile.MOST_BYTES + 1),
                upload.name,
                reference=self.cleaned_data["reference"],
                signed_on=self.cleaned_data["signed_on"],
                user=request.user,  # type: ignore[arg-type]  # the admin lets nobody else in
                alphabet=self.cleaned_data.get("alphabet", ""),
            )
        except listfile.Doubtful as doubt:
            self._ask_for_the_alphabet(doubt)
            return None
        except listfile.Unreadable as refusal:
            self.add_error("file", str(refusal))
            return None

    def _ask_for_the_alphabet(self, doubt: listfile.Doubtful) -> None:
        """Offer the alphabets, each with some of the list's own words."""
        self.fields = {"alphabet": self._alphabet, **self.fields}
        self._alphabet.choices = [  # type: ignore[attr-defined]
            (name, f"{', '.join(words)} — {decoding.ALPHABETS[name]}")
            for name, words in doubt.samples.items()
        ]
        self.add_error("alphabet", str(doubt))


@admin.register(SubscriberImport)
class SubscriberImportAdmin(ReadOnly, Paged[SubscriberImport]):
    """Whoever may import may do all of this; the list shows what was imported, when and by whom."""

    pages = {
        "confirm": ("<int:pk>/conferma/", ""),
        "cancel": ("<int:pk>/annulla/", ""),
        "report": ("<int:pk>/rapporto/", ""),
        "progress": ("<int:pk>/andamento/", ""),
    }
    list_display = ["filename", "state_badge", "reference", "created_at", "created_by"]
    list_select_related = ["created_by"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("subscribers.import_subscriber")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request)

    state_badge = column(
        "stato", lambda row: badge(TONES[State(row.state)], row.get_state_display()), ordering="state"
    )

    def _found(self, request: HttpRequest, pk: object) -> SubscriberImport:
        if not self.has_view_permission(request):
            raise PermissionDenied
        everything: QuerySet[SubscriberImport] = self.get_queryset(request).select_related("created_by")
        return get_object_or_404(everything, pk=pk)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None)
        if form.is_valid() and (source := form.save(request)):
            return redirect("admin:subscribers_subscriberimport_change", source.pk)
        return form_page(
            self,
            request,
            form,
            template="subscribers/desk",
            title="Importa un elenco",
            button="Controlla il file",
            intro="Per chi ha già dato il consenso altrove. Il file viene prima controllato riga per riga: "
            "nessuno è iscritto finché non confermi. L'importazione non invia nessun messaggio, nemmeno il "
            "benvenuto. Chi si è cancellato resta cancellato.",
        )

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """What would happen, what is happening, or what has happened."""
        source = self._found(request, key_of(object_id))
        refused = source.rows.filter(outcome=Outcome.REFUSED)
        told = {"source": source, "tone": TONES[State(source.state)], "problems": refused[:PROBLEMS]}
        told |= _standing(source)
        return self.page(request, "subscribers/subscriberimport/detail", "Importazione", **told)

    @method_decorator(require_POST)
    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._act(request, pk, importing.confirm)

    @method_decorator(require_POST)
    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._act(request, pk, importing.cancel)

    def _act(self, request: HttpRequest, pk: int, act: Callable[[SubscriberImport], None]) -> HttpResponse:
        source = self._found(request, pk)
        try:
            act(source)
        except importing.WrongState as error:
            self.message_user(request, str(error), messages.ERROR)
        return redirect("admin:subscribers_subscriberimport_change", pk)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The counters as JSON, asked for every second while it runs."""
        return JsonResponse(_standing(self._found(request, pk)))

    def report_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Every row's outcome, for whoever mends the list: by line, no number leaves."""
        source = self._found(request, pk)
        lines = exports.csv_file([("riga", "esito", "motivo")], importing.report(source))
        answer = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="importazione-{pk}.csv"'
        return answer


def _standing(source: SubscriberImport) -> dict[str, Any]:
    """How far it has got, as page and script show it; places in the bar in hundredths."""
    counts = importing.counts(source)
    total = sum(counts.values())
    pieces, x = [], 0.0
    for outcome, (colour, label) in PIECES.items():
        count = counts[outcome]
        width = round(100 * count / total, 2) if total else 0.0
        pieces.append(
            {"key": outcome.value, "colour": colour, "label": label, "count": count, "x": x, "width": width}
        )
        x = round(x + width, 2)
    return {"state": source.state, "total": total, "ready": counts[Outcome.READY], "pieces": pieces}
