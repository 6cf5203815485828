"""The forms of the pages about users."""

from copy import copy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.models import User

from regalbuto_urp import roles
from regalbuto_urp.access import staff

MOTIVE = forms.CharField(
    label="Motivo",
    max_length=300,
    widget=forms.TextInput(attrs={"class": "vLargeTextField"}),
    help_text="Resta scritto. Se gli amministratori sono due o più, lo legge chi deve confermare.",
)


class StaffForm(forms.ModelForm[User]):
    """A user, as an administrator makes or changes one. Passwords are the person's own."""

    reason = copy(MOTIVE)

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email", "groups", "is_active", "is_superuser"]
        field_classes = {"username": UsernameField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if email := self.fields.get("email"):
            email.required = True
            email.help_text = (
                "Qui arrivano il collegamento per scegliere la password e gli avvisi sul suo accesso."
            )

    def clean_groups(self) -> Any:
        groups = self.cleaned_data["groups"]
        if text := roles.conflict([group.name for group in groups]):
            raise forms.ValidationError(text)
        return groups

    def wanted(self) -> dict[str, Any]:
        """The values in the form, in the shape of `staff.state_of`."""
        values = {name: self.cleaned_data[name] for name in staff.LABELS if name in self.cleaned_data}
        if "groups" in self.cleaned_data:
            values["roles"] = sorted(group.name for group in self.cleaned_data["groups"])
        return values


class OwnForm(StaffForm):
    """What a person changes of themselves."""

    reason = None  # type: ignore[assignment]  # Django's way to leave a field out


class ReasonForm(forms.Form):
    reason = copy(MOTIVE)


@dataclass(frozen=True)
class Renewal:
    """A page that lets a person in again: what it says, what is asked for."""

    kind: str
    title: str
    button: str
    text: str
    done: str


NEW_PASSWORD = Renewal(
    "renew_password",
    "Nuova password",
    "Manda il collegamento",
    "La persona riceve per e-mail un collegamento con cui sceglie da sé la nuova password: nessun altro la "
    "conosce. Fino ad allora vale quella di adesso. Accerta prima chi te lo chiede.",
    "Il collegamento è partito per e-mail.",
)
NEW_TELEPHONE = Renewal(
    "reset_factor",
    "Azzera il secondo fattore",
    "Azzera il secondo fattore",
    "Per chi ha perso il telefono e i codici di riserva. Le sue sessioni si chiudono; al prossimo accesso "
    "entra con la password e registra il nuovo telefono. Accerta prima chi te lo chiede.",
    "Secondo fattore azzerato e sessioni chiuse. Al prossimo accesso la persona registra il nuovo telefono.",
)
