"""The filters above the map and the statistics: a plain form, whose names are those of the list's filters."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from reports import scoring
from reports.models import Office, Report, ReportCategory
from reports.states import OPEN, WAITING

STATES = {"si": "aperte", "attesa": "da prendere in carico", "scadute": "oltre la scadenza", "no": "chiuse"}
PERIODS = {"30": "ultimi 30 giorni", "90": "ultimi 3 mesi", "365": "ultimi 12 mesi"}


def in_state(reports: QuerySet[Report], name: str | None) -> QuerySet[Report]:
    """Those of one of `STATES`; any other name is all of them."""
    late = Q(state__in=OPEN, due_on__lt=timezone.localdate())
    chosen = {
        "si": Q(state__in=OPEN),
        "attesa": Q(state__in=WAITING),
        "scadute": late,
        "no": ~Q(state__in=OPEN),
    }
    return reports.filter(chosen.get(name or "", Q()))


class FilterForm(forms.Form):
    """What is not chosen does not narrow; what cannot be chosen is as good as not chosen."""

    aperta = forms.ChoiceField(
        label="Stato", required=False, choices=[*STATES.items(), ("tutte", "tutte")], initial="si"
    )
    category__id__exact = forms.ModelChoiceField(
        ReportCategory.objects.all(), label="Categoria", required=False, empty_label="tutte"
    )
    gravita = forms.ChoiceField(
        label="Gravità", required=False, choices=[("", "tutte"), *scoring.LEVELS.items()]
    )
    giorni = forms.ChoiceField(
        label="Ricevute", required=False, choices=[("", "da sempre"), *PERIODS.items()]
    )
    office__id__exact = forms.ModelChoiceField(
        Office.objects.all(), label="Ufficio", required=False, empty_label="tutti"
    )

    def __init__(self, data: Any, *, only: tuple[str, ...] = ()) -> None:
        given = data.copy()
        if "aperta" not in given:
            given["aperta"] = "si"
        super().__init__(given)
        for name in set(self.fields) - set(only) if only else ():
            del self.fields[name]
        self.full_clean()

    def narrowed(self) -> QuerySet[Report]:
        """The reports that are left."""
        chosen, reports = self.cleaned_data, Report.objects.all()
        reports = in_state(reports, chosen.get("aperta"))
        same = {"category": "category__id__exact", "office": "office__id__exact", "level": "gravita"}
        found = {field: chosen[name] for field, name in same.items() if chosen.get(name)}
        return reports.filter(Q(opened_at__gte=since) if (since := self.since) else Q(), **found)

    @property
    def since(self) -> datetime | None:
        """The first moment of the period."""
        if not (days := self.cleaned_data.get("giorni")):
            return None
        first: date = timezone.localdate() - timedelta(days=int(days))
        return timezone.make_aware(datetime.combine(first, time.min))

    def as_list_query(self) -> dict[str, str]:
        """The same for the list's address."""
        names = ("category__id__exact", "office__id__exact", "gravita", "aperta")
        chosen = {name: self.cleaned_data.get(name) or "" for name in names}
        told = {name: str(getattr(value, "pk", value)) for name, value in chosen.items() if value != "tutte"}
        if self.since:
            told["opened_at__gte"] = self.since.isoformat()
        return {name: value for name, value in told.items() if value}
