"""The forms of a case's page: what the staff may do, with the exact words the citizen will get."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.models import User

from reports import casework
from reports.models import Office, Report, ReportCategory, ReportEvent
from reports.states import OUTCOMES, State
from whatsapp.models import Media

Act = Callable[[Report, User, dict[str, Any]], ReportEvent]


def _closing(outcome: State) -> Act:
    return lambda report, user, data: casework.close(report, user, outcome, data["text"])


# name in the form -> (what the staff read afterwards, what is done)
ACTS: dict[str, tuple[str, Act]] = {
    "take": ("Segnalazione presa in carico.", lambda r, u, d: casework.take_charge(r, u, d["text"])),
    "start": ("Segnalazione in lavorazione.", lambda r, u, d: casework.start_work(r, u, d["text"])),
    "answer": (
        "Risposta in coda: parte subito.",
        lambda r, u, d: casework.answer(r, u, d["text"], upload=d["file"], quote=d["quote"]),
    ),
    "template": (
        "Messaggio in coda con il modello: parte subito.",
        lambda r, u, d: casework.answer_by_template(r, u, d["text"]),
    ),
    "place": ("Luogo indicato.", lambda r, u, d: casework.use_photo_place(r, u, d["photo"])),
    "note": ("Nota aggiunta.", lambda r, u, d: casework.add_note(r, u, d["text"])),
    "reclassify": ("Categoria cambiata.", lambda r, u, d: casework.reclassify(r, u, d["category"])),
    "hand_over": ("Segnalazione passata.", lambda r, u, d: casework.hand_over(r, u, d["office"], d["text"])),
    "reopen": ("Segnalazione riaperta.", lambda r, u, d: casework.reopen(r, u, d["text"])),
    **{outcome.value: (f"Segnalazione chiusa: {outcome.label}.", _closing(outcome)) for outcome in OUTCOMES},
}
NEEDED = {
    "reclassify": ("category", "Scegli una categoria."),
    "hand_over": ("office", "Scegli un ufficio."),
    "place": ("photo", "Scegli una foto."),
}


class ActForm(forms.Form):
    """One act on a case. `seen` is the last event the user had before their eyes."""

    act = forms.ChoiceField(choices=[(name, name) for name in ACTS])
    seen = forms.IntegerField()
    text = forms.CharField(required=False, max_length=4096)
    category = forms.ModelChoiceField(ReportCategory.objects.all(), required=False)
    office = forms.ModelChoiceField(Office.objects.all(), required=False)
    photo = forms.ModelChoiceField(Media.objects.all(), required=False)
    file = forms.FileField(required=False)
    quote = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        field, missing = NEEDED.get(data.get("act", ""), ("", ""))
        if field and data.get(field) is None:
            self.add_error(None, missing)
        return data

    def perform(self, report: Report, user: User) -> str:
        """Do it, and return what to tell the user.

        Raises:
            CaseworkError, Forbidden, ContentError: with what happened and what to do.
        """
        done, act = ACTS[self.cleaned_data["act"]]
        casework.check_unchanged(report, self.cleaned_data["seen"])
        act(report, user, self.cleaned_data)
        return done
