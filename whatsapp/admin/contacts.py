"""People in the back office, and the staff's own phones."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from whatsapp import phones
from whatsapp.admin.base import ReadOnly
from whatsapp.models import Contact, StaffPhone


@admin.register(Contact)
class ContactAdmin(ReadOnly, admin.ModelAdmin[Contact]):
    list_display = ["display_name", "masked_phone", "window", "blocked", "created_at"]
    list_filter = ["blocked"]
    search_fields = ["profile_name", "username", "=phone", "=bsuid"]
    search_help_text = "Nome su WhatsApp, oppure il numero intero (+39…)."
    ordering = ["-pk"]
    show_full_result_count = False
    readonly_fields = ("display_name", "masked_phone", "window", "blocked", "created_at", "subject_id")
    fields = readonly_fields
    actions = ["block", "unblock"]

    @admin.display(description="nome")
    def display_name(self, contact: Contact) -> str:
        return contact.display_name

    @admin.display(description="numero")
    def masked_phone(self, contact: Contact) -> str:
        return phones.mask(contact.phone)

    @admin.display(description="finestra di 24 ore", boolean=True)
    def window(self, contact: Contact) -> bool:
        return contact.window_open

    def has_block_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("whatsapp.change_contact")

    @admin.action(description="Blocca: non riceve e non viene ascoltato", permissions=["block"])
    def block(self, request: HttpRequest, contacts: QuerySet[Contact]) -> None:
        self.message_user(request, f"Contatti bloccati: {contacts.update(blocked=True)}.")

    @admin.action(description="Togli il blocco", permissions=["block"])
    def unblock(self, request: HttpRequest, contacts: QuerySet[Contact]) -> None:
        self.message_user(request, f"Contatti sbloccati: {contacts.update(blocked=False)}.")


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
        self.instance.contact, _ = Contact.objects.get_or_create(phone=self.cleaned_data["phone"])
        return super().save(commit)


@admin.register(StaffPhone)
class StaffPhoneAdmin(admin.ModelAdmin[StaffPhone]):
    form = StaffPhoneForm
    list_display = ["user", "contact", "on_duty"]
    list_select_related = ["user", "contact"]
    fields = ["user", "phone", "on_duty"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": request.user.pk}
