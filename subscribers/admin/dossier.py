"""«Fascicolo»: one page for each person, and what they may ask of it (arts. 15-21 GDPR)."""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from subscribers import consent, exports, openings, rights
from subscribers.admin.pages import form_page, reason_field
from subscribers.models import ErasedIdentity, Subscriber
from subscribers.register import Kind
from subscribers.rights import CannotDo, Request
from whatsapp import audit, phones, searches
from whatsapp.admin.base import Paged
from whatsapp.models import Contact
from whatsapp.personal_data import Section

FOLDER = "subscribers/dossier"
ERASE = "cancella"  # the act's address
MAY_ACT = "subscribers.rights_subscriber"
MAY_COPY = "subscribers.export_subscriber"
MAY_READ = ("subscribers.view_subscriber", "subscribers.view_consentevidence")
# How it is made sure that it is the person who asks (fact sheet 2.4).
CHECKS = ("messaggio dallo stesso numero WhatsApp", "di persona allo sportello, con un documento")


class RequestForm(forms.Form):
    """What every request has."""

    check = forms.ChoiceField(
        label="Come è stata accertata l'identità",
        choices=[(check, check[0].upper() + check[1:]) for check in CHECKS],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Richiesta",
        max_length=300,
        widget=AdminTextInputWidget(),
        help_text="Quando e come è arrivata, per esempio «e-mail del 3 marzo, prot. 1234». Resta nel "
        "registro come prova: non scrivere nomi né numeri.",
    )


class RectifyForm(RequestForm):
    name = forms.CharField(label="Nome", max_length=100, required=False, widget=AdminTextInputWidget())
    phone = forms.CharField(
        label="Numero giusto",
        required=False,
        widget=AdminTextInputWidget(attrs={"inputmode": "tel"}),
        help_text="Solo se il numero è stato scritto male allo sportello. Vuoto: resta quello di adesso.",
    )


class ObjectionForm(RequestForm):
    text = forms.CharField(
        label="A che cosa si oppone",
        max_length=1000,
        widget=AdminTextareaWidget(attrs={"rows": 4}),
        help_text="Con le sue parole. Resta nel registro fino alla cancellazione dei suoi dati.",
    )


class EraseForm(RequestForm):
    sure = forms.BooleanField(label="Ho letto che cosa viene cancellato: non si può annullare")


class CopyForm(forms.Form):
    """A copy leaves the back office: why, and in which form."""

    reason = reason_field("Per esempio «richiesta del 3 marzo, prot. 1234».")
    kind = forms.ChoiceField(
        label="Formato",
        choices=[
            ("print", "Pagina da stampare"),
            ("json", "File JSON, che un programma può leggere (art. 20)"),
        ],
        widget=forms.RadioSelect,
        initial="print",
    )


class Act(NamedTuple):
    """A request: its page's title and button, what is asked, what is done with it, what is told then."""

    title: str
    button: str
    form: type[RequestForm]
    perform: Callable[[Contact, Request, dict[str, Any]], None]
    done: str


# By the address's last part.
ACTS = {
    "rettifica": Act(
        "Rettifica i dati",
        "Rettifica",
        RectifyForm,
        lambda person, asked, told: rights.rectify(person, asked, name=told["name"], phone=told["phone"]),
        "Dati rettificati; la rettifica è nel registro.",
    ),
    "opposizione": Act(
        "Registra un'opposizione",
        "Registra l'opposizione",
        ObjectionForm,
        lambda person, asked, told: rights.object_to(person, asked, told["text"]),
        "Opposizione registrata: la persona non riceve più avvisi.",
    ),
    ERASE: Act(
        "Cancella i dati",
        "Cancella i dati",
        EraseForm,
        lambda person, asked, told: rights.erase(person, asked),
        "Dati cancellati. Nel registro resta la prova minima.",
    ),
}


class DossierPages(Paged[Any]):
    """The pages of a person, under the subscribers' address; besides, `_open` looks at who asks."""

    pages = {
        "search": ("fascicolo/", ""),
        "dossier": ("fascicolo/<int:pk>/", ""),
        "dossier_copy": ("fascicolo/<int:pk>/copia/", ""),
        "dossier_act": ("fascicolo/<int:pk>/<str:act>/", MAY_ACT),
    }

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        url = reverse("admin:subscribers_subscriber_search") if may_open(request) else ""
        return super().changelist_view(request, {**(extra_context or {}), "search_url": url})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        return fields if may_open(request) else [name for name in fields if name != "dossier_link"]

    @admin.display(description="fascicolo")
    def dossier_link(self, subscriber: Subscriber) -> SafeString:
        url = reverse("admin:subscribers_subscriber_dossier", args=[subscriber.contact_id])
        return format_html('<a href="{}">Tutto ciò che si conserva di questa persona</a>', url)

    def search_view(self, request: HttpRequest) -> HttpResponse:
        """By a whole number only: a piece of one would unmask it."""
        if not may_open(request):
            raise PermissionDenied
        number = request.POST.get("number", "")  # not in the address, which servers write into their logs
        whole = phones.normalise(number)
        try:
            found = _find(request, whole) if whole else []
        except searches.TooManySearches as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(request.path)
        if len(found) == 1:
            return _back(found[0])
        return self.page(
            request,
            f"{FOLDER}/search",
            "Cerca una persona",
            number=number,
            valid=whole is not None,
            found=found,
        )

    def dossier_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        person, sections = _open(request, pk)
        openings.note(person, request.user)
        return self.page(request, f"{FOLDER}/detail", "Fascicolo", **self._context(request, person, sections))

    def dossier_copy_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET: why a copy is wanted. POST: the copy, logged as every export is."""
        if not may_copy(request):
            raise PermissionDenied
        person, sections = _open(request, pk)
        form = CopyForm(request.POST or None)
        if not form.is_valid():
            return form_page(
                self,
                request,
                form,
                template=f"{FOLDER}/copy",
                title="Copia dei dati",
                button="Fai la copia",
                back=_address_of(person),
                person=person,
                again=True,
            )
        reason, as_file = form.cleaned_data["reason"], form.cleaned_data["kind"] == "json"
        entry = audit.begin_export(
            Contact, "JSON" if as_file else "stampa", reason=phones.masked(reason), person=person.pk
        )
        if as_file:
            copied: HttpResponse = _as_json(person, sections)
        else:
            shown = self._context(request, person, sections)
            copied = self.page(request, f"{FOLDER}/print", "Fascicolo", **shown).render()
        rows = sum(len(section.rows) for section in sections)
        audit.end_export(entry, rows=rows, sha256=hashlib.sha256(copied.content).hexdigest())
        return copied

    def _context(self, request: HttpRequest, person: Contact, sections: list[Section]) -> dict[str, Any]:
        events = rights.events(person)
        return {
            "person": person,
            "sections": sections,
            "subscriber": Subscriber.objects.filter(contact=person).first(),
            "objection": events.filter(kind=Kind.OBJECTION).order_by("-sequence").first(),
            "proofs": ErasedIdentity.objects.filter(subject_id=person.subject_id).count(),
            "acts": [(name, act.title) for name, act in ACTS.items() if _possible(person, name)]
            if request.user.has_perm(MAY_ACT)
            else [],
            "may_copy": may_copy(request),
            "now": timezone.now(),
        }

    def dossier_act_view(self, request: HttpRequest, pk: int, act: str) -> HttpResponse:
        """A request, on its own page: who asks, how that was made sure, what will happen."""
        person = _person(pk)
        if act not in ACTS or not _possible(person, act):
            raise Http404
        wanted = ACTS[act]
        form = wanted.form(request.POST or None, initial={"name": person.profile_name})
        if request.method == "POST" and form.is_valid():
            told = form.cleaned_data
            asked = Request(request.user.get_username(), told["reason"], told["check"])
            try:
                wanted.perform(person, asked, told)
            except CannotDo as problem:
                form.add_error(None, str(problem))
            else:
                messages.success(request, wanted.done)
                return _back(person)
        return form_page(
            self,
            request,
            form,
            template=f"{FOLDER}/act",
            title=wanted.title,
            button=wanted.button,
            danger=act == ERASE,
            back=_address_of(person),
            person=person,
            act=act,
            needs=rights.needs_of(person) if act == ERASE else [],
            active=consent.is_subscribed(person),
        )


def may_open(request: HttpRequest) -> bool:
    """Who answers requests, and who audits them."""
    return request.user.has_perm(MAY_ACT) or request.user.has_perms(MAY_READ)


def _find(request: HttpRequest, number: str) -> list[Contact]:
    """Who has or had this number; the search is logged. Raises searches.TooManySearches."""
    searches.check_limit(request.user)
    people = rights.find(number)
    searches.note(request.user, Subscriber, number, successful=bool(people))
    return people


def may_copy(request: HttpRequest) -> bool:
    """A copy is for users who answer requests or export lists, and who may open the dossier."""
    user = request.user
    return may_open(request) and (user.has_perm(MAY_ACT) or user.has_perm(MAY_COPY))


def _as_json(person: Contact, sections: list[Section]) -> JsonResponse:
    """A form that a machine reads (art. 20 GDPR)."""
    rows = {section.title: section.rows for section in sections}
    answer = JsonResponse(
        {"fascicolo": str(person.subject_id), "al": timezone.localtime().isoformat(), **rows},
        json_dumps_params={"ensure_ascii": False, "indent": 2},
    )
    answer["Content-Disposition"] = f'attachment; filename="fascicolo-{person.subject_id}.json"'
    return answer


def _possible(person: Contact, act: str) -> bool:
    """Of an erased person only what evidence is left may still be erased."""
    return person.erased_at is None or (act == ERASE and rights.evidence(person).exists())


def _person(pk: int) -> Contact:
    return get_object_or_404(Contact, pk=pk).person


def _back(person: Contact) -> HttpResponseRedirect:
    return HttpResponseRedirect(_address_of(person))


def _address_of(person: Contact) -> str:
    return reverse("admin:subscribers_subscriber_dossier", args=[person.pk])


def _open(request: HttpRequest, pk: int) -> tuple[Contact, list[Section]]:
    """Return the person and the sections that this user may see.

    What citizens write in confidence is for who answers requests, or may read it elsewhere too.
    """
    if not may_open(request):
        raise PermissionDenied
    person, user = _person(pk), request.user
    everything = user.has_perm(MAY_ACT)
    sections = [
        section
        for section in rights.dossier(person)
        if everything or not section.permission or user.has_perm(section.permission)
    ]
    if not exports.may_see_whole_numbers(user):
        for section in sections:
            section.rows[:] = [
                {name: phones.masked(value) for name, value in row.items()} for row in section.rows
            ]
    return person, sections
