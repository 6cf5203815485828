"""The desk: a plain form in the place of Django's «add», and the ways in from the list of subscribers."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from subscribers import enrolment, policies, texts
from subscribers.admin.pages import DayInput, form_page
from subscribers.models import Subscriber, Topic
from whatsapp.admin.base import Paged


class EnrolmentForm(forms.Form):
    number = forms.CharField(
        label="Numero di cellulare",
        max_length=40,
        widget=AdminTextInputWidget(attrs={"inputmode": "tel", "autocomplete": "off"}),
        help_text="Quello con WhatsApp, per esempio 340 111 2233; un numero estero con il prefisso, +40…",
    )
    name = forms.CharField(
        label="Nome",
        max_length=enrolment.NAME_LIMIT,
        required=False,
        widget=AdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Facoltativo: si usa finché non si conosce il nome che la persona ha su WhatsApp.",
    )
    signed_on = forms.DateField(label="Data della firma", widget=DayInput())
    reference = forms.CharField(
        label="Riferimento del modulo",
        max_length=200,
        widget=AdminTextInputWidget(),
        help_text="Come si ritrova il modulo firmato: per esempio «prot. 1234 del 3/5/2026, faldone 3».",
    )
    consent = forms.BooleanField(
        label="Ha firmato il consenso a ricevere gli avvisi su WhatsApp",
        error_messages={"required": "Senza il consenso firmato non si può iscrivere nessuno."},
    )
    terms = forms.BooleanField(label="Ha accettato l'informativa e le regole d'uso", required=False)
    topics_left = forms.ModelMultipleChoiceField(
        Topic.objects.all(),
        label="Argomenti che non vuole",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Li può riprendere quando vuole.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        policy = policies.in_force()
        self.fields["terms"].help_text = format_html(
            'In vigore: <a href="{}" target="_blank">{}</a>. Se il modulo ne riporta un\'altra, o la casella '
            "non è firmata, lascia vuoto.",
            reverse("subscribers:policy_version", args=[policy.version]),
            policy,
        )

    def save(self, request: HttpRequest) -> Subscriber | None:
        """Enrol; None if it is refused, with the reason beside its field."""
        told = {name: self.cleaned_data[name] for name in ("number", "name", "signed_on", "reference")}
        try:
            return enrolment.enrol(
                **told,
                terms_accepted=self.cleaned_data["terms"],
                topics_left=self.cleaned_data["topics_left"],
                operator=request.user,  # type: ignore[arg-type]  # the admin lets nobody else in
            )
        except enrolment.Refused as refusal:
            self.add_error(refusal.field, f"Non si può iscrivere: {refusal}.")
            return None


class DeskEnrolment(Paged[Any]):
    """Adding a subscriber is enrolling somebody with a paper form."""

    change_list_template = "admin/subscribers/subscriber/change_list.html"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("subscribers.add_subscriber")

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = EnrolmentForm(request.POST or None)
        if form.is_valid() and (subscriber := form.save(request)):
            self._tell(request, form, subscriber)
            return redirect("admin:subscribers_subscriber_change", subscriber.pk)
        return form_page(
            self,
            request,
            form,
            [
                ("Chi si iscrive", ["number", "name"]),
                ("Il modulo firmato", ["signed_on", "reference", "consent", "terms"]),
                ("Preferenze", ["topics_left"]),
            ],
            template="subscribers/desk",
            title="Iscrivi allo sportello",
            button="Iscrivi",
            warning=enrolment.welcome_obstacle(),
        )

    def _tell(self, request: HttpRequest, form: EnrolmentForm, subscriber: Subscriber) -> None:
        day = texts.date_of(form.cleaned_data["signed_on"])
        terms = "accettata" if form.cleaned_data["terms"] else "non segnata come accettata"
        done = (
            f"Iscrizione fatta: {subscriber}, consenso firmato il {day}, modulo "
            f"«{form.cleaned_data['reference']}», informativa {terms}."
        )
        if subscriber.welcome_id:
            self.message_user(request, f"{done} Ora parte il benvenuto su WhatsApp.")
        else:
            without = (
                f"Il benvenuto non è partito. {enrolment.welcome_obstacle()} Di' a voce che per uscire "
                "basta scrivere ISCRIZIONE OFF."
            )
            self.message_user(request, f"{done} {without}", messages.WARNING)
