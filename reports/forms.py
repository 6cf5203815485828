"""What the staff may do to a case: one table, which draws the forms of its page and does what they ask."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.models import User

from reports import casework, deciding, scoring, states, template_answers, texts
from reports.models import Office, Report, ReportCategory, ReportEvent
from reports.states import State
from subscribers.admin.pages import DayInput
from whatsapp.errors import ContentError
from whatsapp.models import Media

Do = Callable[[Report, User, dict[str, Any]], ReportEvent]
LATER, BY_TEMPLATE = "later", "template"


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing to be done: its title, its button, what is said afterwards.

    Attributes:
        to: the state it leads to; it is offered where the table of states allows it.
        says: slug of the text the citizen gets, to be changed before it goes; None: nothing is said.
        fields: of `ActForm`, besides that text.
    """

    title: str
    button: str
    done: str
    do: Do
    to: State | None = None
    says: str | None = None
    fields: tuple[str, ...] = ()
    danger: bool = False
    hint: str = ""
    key: str = ""  # of the keyboard


def _goes_by_template(data: dict[str, Any]) -> bool:
    return data.get("how") == BY_TEMPLATE


def _told(act: Callable[..., ReportEvent], *names: str) -> Do:
    """An act that takes the text, how it goes, and these fields."""

    def do(report: Report, user: User, data: dict[str, Any]) -> ReportEvent:
        given = [data[name] for name in names]
        return act(report, user, *given, data["text"], by_template=_goes_by_template(data))

    return do


def _end(outcome: State, title: str, button: str, *, danger: bool = True) -> Act:
    return Act(
        title=title, button=button, done=f"Segnalazione chiusa: {outcome.label}.",
        do=_told(lambda report, user, text, **how: casework.close(report, user, outcome, text, **how)),
        to=outcome, says=outcome.value, danger=danger,
    )  # fmt: skip


ACTS: dict[str, Act] = {
    "take": Act(
        title="Prendi in carico", button="Prendi in carico", done="Segnalazione presa in carico.",
        do=_told(casework.take_charge), to=State.TAKEN, says="taken", key="p",
    ),
    "verify": Act(
        title="Metti in verifica", button="Metti in verifica", done="Segnalazione in verifica.",
        do=_told(casework.verify), to=State.VERIFYING, says="verifying",
    ),
    "start": Act(
        title="Lavori iniziati", button="Segna in lavorazione", done="Segnalazione in lavorazione.",
        do=_told(casework.start_work), to=State.WORKING, says="working",
    ),
    "resolved": _end(State.RESOLVED, "Chiudi: risolta", "Chiudi come risolta", danger=False),
    "not_ours": _end(State.NOT_OURS, "Chiudi: non di competenza", "Chiudi come non di competenza"),
    "rejected": _end(State.REJECTED, "Chiudi: non accolta", "Chiudi come non accolta"),
    "cancelled": _end(State.CANCELLED, "Chiudi: annullata", "Annulla la segnalazione"),
    "join": Act(
        title="Unisci a un'altra segnalazione", button="Unisci", done="Segnalazione unita.",
        do=_told(casework.join, "main"), to=State.DUPLICATE, says="duplicate", fields=("main",),
        hint="Chi l'ha fatta saprà di ogni novità dell'altra, ma non chi altri ha segnalato.",
    ),
    "reopen": Act(
        title="Riapri", button="Riapri la segnalazione", done="Segnalazione riaperta.",
        do=_told(casework.reopen), to=State.REOPENED, says="reopened",
    ),
    "hand_over": Act(
        title="Passa a un altro ufficio", button="Passa", done="Segnalazione passata.",
        do=_told(casework.hand_over, "office"), says="handed_over", fields=("office",),
    ),
    "answer": Act(
        title="Rispondi al cittadino", button="Invia la risposta", done="Risposta registrata.",
        do=lambda r, u, d: casework.answer(
            r, u, d["text"], upload=d.get("file"), quote=d.get("quote", False),
            by_template=_goes_by_template(d),
        ),
        says="", fields=("file", "quote"), key="r",
    ),
    "assign": Act(
        title="Affida a un collega", button="Affida", done="Segnalazione affidata.",
        do=lambda r, u, d: deciding.assign(r, u, d["colleague"]), fields=("colleague",),
    ),
    "reclassify": Act(
        title="Cambia categoria", button="Cambia categoria", done="Categoria cambiata.",
        do=lambda r, u, d: deciding.reclassify(r, u, d["category"]), fields=("category",),
        hint="Ufficio e scadenza seguono la categoria. Il cittadino non riceve nulla.",
    ),
    "level": Act(
        title="Decidi quanto è grave", button="Cambia gravità", done="Gravità cambiata.",
        do=lambda r, u, d: deciding.decide_level(r, u, int(d["level"]), d["reason"]),
        fields=("level", "reason"),
    ),
    "place": Act(
        title="Indica il luogo", button="Salva il luogo", done="Luogo indicato.",
        do=lambda r, u, d: deciding.set_place(r, u, d["latitude"], d["longitude"]),
        fields=("latitude", "longitude"), hint="Tocca la mappa, oppure scrivi le coordinate in gradi.",
    ),
    "photo": Act(
        title="Usa il luogo della foto", button="Usa come luogo", done="Luogo indicato.",
        do=lambda r, u, d: deciding.use_photo_place(r, u, d["photo"]), fields=("photo",),
    ),
    "register": Act(
        title="Protocollo", button="Salva", done="Protocollo salvato.",
        do=lambda r, u, d: deciding.register(r, u, wanted=d["wanted"], number=d["number"], day=d["day"]),
        fields=("wanted", "number", "day"),
    ),
    "note": Act(
        title="Nota interna", button="Aggiungi la nota", done="Nota aggiunta.",
        do=lambda r, u, d: deciding.add_note(r, u, d["note"]), fields=("note",), key="n",
    ),
}  # fmt: skip


class Colleagues(forms.ModelChoiceField[User]):
    def label_from_instance(self, obj: User) -> str:
        return obj.get_full_name() or obj.get_username()


class ActForm(forms.Form):
    """The fields of one act. `seen` is the last event the user had before their eyes."""

    seen = forms.IntegerField(widget=forms.HiddenInput)
    main = forms.CharField(label="Numero dell'altra segnalazione", max_length=12)
    office = forms.ModelChoiceField(Office.objects.all(), label="Ufficio", widget=forms.HiddenInput)
    colleague = Colleagues(User.objects.none(), label="Collega")
    category = forms.ModelChoiceField(ReportCategory.objects.all(), label="Categoria")
    level = forms.ChoiceField(label="Gravità", choices=[(str(n), word) for n, word in scoring.LEVELS.items()])
    reason = forms.CharField(label="Perché", max_length=300)
    latitude = forms.FloatField(label="Latitudine", min_value=-90, max_value=90)
    longitude = forms.FloatField(label="Longitudine", min_value=-180, max_value=180)
    photo = forms.ModelChoiceField(Media.objects.all(), widget=forms.HiddenInput)
    wanted = forms.BooleanField(label="Da protocollare", required=False)
    number = forms.CharField(label="Numero di protocollo", max_length=20, required=False)
    day = forms.DateField(label="Data di protocollo", required=False, widget=DayInput())
    note = forms.CharField(
        label="Per i colleghi: il cittadino non la vede", max_length=4096, widget=forms.Textarea({"rows": 3})
    )
    text = forms.CharField(required=False, max_length=4096, widget=forms.Textarea({"rows": 4}))
    how = forms.ChoiceField(label="Quando", required=False, widget=forms.RadioSelect, choices=[
        (LATER, "appena il cittadino scrive di nuovo, gratis"),
        (BY_TEMPLATE, "adesso, con il modello approvato, a pagamento"),
    ])  # fmt: skip
    file = forms.FileField(
        label="Allega un file",
        required=False,
        widget=forms.FileInput({"accept": "image/*,video/mp4,video/3gpp,application/pdf"}),
        help_text="Facoltativo: una foto, un video MP4 fino a 16 MB o un PDF fino a 40 MB; il testo, fino a "
        "1.024 caratteri, gli sta sotto.",
    )
    quote = forms.BooleanField(label="Cita l'ultimo messaggio del cittadino", required=False)

    def __init__(
        self, act: str, report: Report, data: Any = None, files: Any = None, initial: Any = None
    ) -> None:
        super().__init__(data, files, auto_id=f"{act}-%s", initial=initial, use_required_attribute=False)
        self.act, self.name, self.report = ACTS[act], act, report
        wanted = {"seen", *self.act.fields} | ({"text", "how"} if self.act.says is not None else set())
        if report.contact.window_open:
            wanted -= {"how"}
        else:
            wanted -= {"file", "quote"}
        for name in set(self.fields) - wanted:
            del self.fields[name]
        if "text" in self.fields:
            self.fields["text"].label = (
                "Il cittadino riceve adesso, su WhatsApp"
                if report.contact.window_open
                else "Testo per il cittadino"
            )
        if "colleague" in self.fields:
            treating = User.objects.with_perm("reports.treat_report")
            self.fields["colleague"].queryset = treating.order_by("last_name", "username")  # type: ignore[attr-defined]

    def clean_main(self) -> Report:
        """The other case, by its number."""
        main = Report.objects.filter(number=self.cleaned_data["main"].strip()).first()
        if main is None:
            raise forms.ValidationError("Non c'è una segnalazione con questo numero: controllalo.")
        return main

    def perform(self, user: User) -> str:
        """Do it, and return what to tell the user. Raises CaseworkError, Forbidden, ContentError: with what
        happened and what to do."""
        casework.check_unchanged(self.report, self.cleaned_data["seen"])
        self.act.do(self.report, user, self.cleaned_data)
        return self.act.done

    @property
    def frame(self) -> template_answers.Frame | None:
        """How the text looks in the approved template, where it may go in it."""
        if "how" not in self.fields:
            return None
        try:
            return template_answers.frame(self.report)
        except ContentError:
            return None


def offered(report: Report) -> list[str]:
    """The acts that make sense now, changes of state first."""
    moves = [name for name, act in ACTS.items() if act.to and states.may_become(report.state, act.to)]
    rest = ["assign", "reclassify", "level", "register", "note"]
    return [*moves, *(rest if states.is_open(report.state) else ["register", "note"])]


def initial(act: str, report: Report, words: dict[str, str]) -> dict[str, Any]:
    """What an act's form begins with."""
    return {
        "text": words.get(ACTS[act].says or "", ""),
        "how": BY_TEMPLATE if act == "answer" else LATER,
        "category": report.category_id,
        "level": str(report.level),
        "colleague": report.assigned_to_id,
        "wanted": report.to_register,
        "number": report.protocol_number,
        "day": report.protocol_date,
        "latitude": report.latitude,
        "longitude": report.longitude,
    }


def words_for(report: Report) -> dict[str, str]:
    """The citizen's texts of all acts, filled in: one query."""
    return texts.prefilled(report, [act.says for act in ACTS.values() if act.says])
