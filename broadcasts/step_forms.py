"""What one types before a notice goes or comes back: the number of people, a reason, a time."""

from typing import Any

from django import forms

from broadcasts.approval import Emergency
from broadcasts.types import AlertLevel


class CountForm(forms.Form):
    """The number of people, typed by a person who has therefore read it."""

    typed = forms.CharField(
        label="Scrivi il numero di persone",
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": "8"}),
        error_messages={"required": "Scrivi il numero di persone che ricevono l'avviso: sta qui sopra."},
    )

    def __init__(self, data: Any, *, people: int) -> None:
        """
        Args:
            people: the number of recipients now. The page may have shown an earlier number.
        """
        super().__init__(data)
        self.people = people

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed.replace(".", "").replace(" ", "") != str(self.people):
            raise forms.ValidationError(
                "Non è il numero di persone che ricevono l'avviso adesso: sta qui sopra, controllalo."
            )
        return typed


class ReturnForm(forms.Form):
    """Why a notice goes back to whoever wrote it."""

    reason = forms.CharField(
        label="Che cosa va corretto",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Scrivi che cosa va corretto: chi ha scritto l'avviso lo legge sulla bozza."
        },
    )


class EmergencyForm(CountForm):
    """One person alone sends an alert: how serious, why, to how many."""

    level = forms.ChoiceField(
        label="Livello dell'allerta",
        choices=AlertLevel.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Scegli il livello: da soli si inviano solo allerte arancioni e rosse."},
    )
    reason = forms.CharField(
        label="Perché non può aspettare una seconda persona",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Scrivi il motivo: lo leggono tutti i colleghi e resta nella storia."},
    )

    field_order = ["level", "reason", "typed"]

    @property
    def emergency(self) -> Emergency:
        """What was typed, once it is valid."""
        return Emergency(AlertLevel(self.cleaned_data["level"]), self.cleaned_data["reason"])
