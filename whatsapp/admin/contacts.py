"""People in the back office, and the staff's own phones."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from whatsapp import audit, outbox, phones
from whatsapp.admin.base import BackOfficeAdmin, Watched, column
from whatsapp.contacts import resolve
from whatsapp.errors import ContentError
from whatsapp.models import Contact, StaffPhone
from whatsapp.types import Sender

ASK_NUMBER = (
    "Per ricontattarti ci serve il tuo numero di telefono. Se vuoi, mandalo con il pulsante qui sotto: non è "
    "obbligatorio."
)


@admin.register(Contact)
class ContactAdmin(Watched[Contact]):
    list_display = ["display_name", "masked_phone", "window", "blocked", "created_at"]
    list_filter = ["blocked"]
    search_fields = ["profile_name", "username", "=bsuid"]
    number_searched = "phone"
    search_help_text = "Nome su WhatsApp, oppure il numero intero, per esempio 340 111 2202."
    ordering = ["-pk"]
    show_full_result_count = False
    fields = readonly_fields = (
        "display_name", "masked_phone", "former_ids", "merged_into", "window", "blocked",
        "marketing_stopped_at", "created_at", "subject_id",
    )  # fmt: skip
    actions = ["block", "unblock", "ask_number"]

    display_name = column("nome", lambda row: row.display_name)
    masked_phone = column("numero", lambda row: phones.mask(row.phone))

    @admin.display(description="numeri precedenti")
    def former_ids(self, contact: Contact) -> str:
        former = contact.aliases.exclude(phone="").order_by("retired_at")
        told = [f"{phones.mask(one.phone)} fino al {one.retired_at:%d/%m/%Y}" for one in former]
        return ", ".join(told) or "nessuno"

    window = column("finestra di 24 ore", lambda row: row.window_open, boolean=True)

    def has_block_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("whatsapp.change_contact")

    @admin.action(description="Blocca: non riceve e non viene ascoltato", permissions=["block"])
    def block(self, request: HttpRequest, contacts: QuerySet[Contact]) -> None:
        self.message_user(request, f"Contatti bloccati: {self._set_blocked(contacts, True)}.")

    @admin.action(description="Togli il blocco", permissions=["block"])
    def unblock(self, request: HttpRequest, contacts: QuerySet[Contact]) -> None:
        self.message_user(request, f"Contatti sbloccati: {self._set_blocked(contacts, False)}.")

    @staticmethod
    def _set_blocked(contacts: QuerySet[Contact], blocked: bool) -> int:
        changed = list(contacts.exclude(blocked=blocked))
        contacts.update(blocked=blocked)
        for contact in changed:
            audit.note_change(contact, "blocked", not blocked, blocked)
        return len(changed)

    @admin.action(description="Chiedi il numero", permissions=["block"])
    def ask_number(self, request: HttpRequest, contacts: QuerySet[Contact]) -> None:
        for contact in contacts:
            try:
                outbox.ask_number(contact, ASK_NUMBER)
            except ContentError as problem:
                self.message_user(request, f"{contact}: {problem}", messages.WARNING)
            else:
                self.message_user(request, f"{contact}: la richiesta del numero è in coda.")


class StaffPhoneForm(forms.ModelForm[StaffPhone]):
    """A staff member's number instead of the contact behind it."""

    phone = forms.CharField(label="numero WhatsApp", help_text="Per esempio 340 111 2202.")

    class Meta:
        model = StaffPhone
        fields = ["user", "on_duty"]

    def clean_phone(self) -> str:
        number = phones.normalise(self.cleaned_data["phone"])
        if number is None:
            raise forms.ValidationError(
                "Questo non è un numero di telefono: scrivilo per intero, con il prefisso."
            )
        return number

    def save(self, commit: bool = True) -> StaffPhone:
        with transaction.atomic():
            self.instance.contact = resolve(Sender(phone=self.cleaned_data["phone"]))
            return super().save(commit)


@admin.register(StaffPhone)
class StaffPhoneAdmin(BackOfficeAdmin[StaffPhone]):
    form = StaffPhoneForm
    list_display = ["user", "contact", "on_duty"]
    list_select_related = ["user", "contact"]
    fields = ["user", "phone", "on_duty"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": request.user.pk}
