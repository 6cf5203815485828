"""The channel's back office: ledgers to read, templates, the number's pause, the staff's own phones."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from whatsapp import audit, channels, phones, templates
from whatsapp.models import Attempt, Channel, Contact, Message, StaffPhone, Template, WebhookEvent
from whatsapp.types import State, tone


class ReadOnly:
    """A ledger: nothing is added, changed or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def badge(tone: str, label: str) -> SafeString:
    """A coloured word; the colour only repeats what the word says."""
    return format_html('<span class="wu-badge wu-badge--{}">{}</span>', tone, label)


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


class AttemptInline(ReadOnly, admin.TabularInline[Attempt, Message]):
    model = Attempt
    readonly_fields = ("started_at", "answered_at", "state", "error_code", "error_text")
    fields = readonly_fields
    extra = 0
    ordering = ["pk"]


@admin.register(Message)
class MessageAdmin(ReadOnly, admin.ModelAdmin[Message]):
    list_display = ["created_at", "direction", "contact", "excerpt", "state_badge", "reason"]
    list_display_links = ["created_at", "excerpt"]
    list_filter = ["state", "lane", "inbound"]
    list_select_related = ["contact", "content"]
    search_fields = ["=contact__phone", "contact__profile_name"]
    search_help_text = "Nome su WhatsApp, oppure il numero intero (+39…)."
    ordering = ["-pk"]
    show_full_result_count = False
    inlines = [AttemptInline]
    readonly_fields = (
        "contact",
        "direction",
        "full_text",
        "state",
        "reason",
        "lane",
        "created_at",
        "due_at",
        "accepted_at",
        "sent_at",
        "delivered_at",
        "read_at",
        "handled_at",
    )
    fields = readonly_fields

    @admin.display(description="verso", ordering="inbound")
    def direction(self, message: Message) -> str:
        return "dal cittadino" if message.inbound else "dal Comune"

    @admin.display(description="testo")
    def excerpt(self, message: Message) -> str:
        return str(message.content)

    @admin.display(description="testo")
    def full_text(self, message: Message) -> str:
        return message.text or str(message.content)

    @admin.display(description="stato", ordering="state")
    def state_badge(self, message: Message) -> SafeString:
        return badge(tone(State(message.state)), message.get_state_display())


@admin.register(Template)
class TemplateAdmin(ReadOnly, admin.ModelAdmin[Template]):
    list_display = ["name", "status_badge", "header", "category", "quality", "reason", "synced_at"]
    list_filter = ["status", "category", "header"]
    search_fields = ["name", "body"]
    readonly_fields = (
        "name",
        "language",
        "category",
        "status",
        "reason",
        "quality",
        "header",
        "rendering",
        "footer",
        "button_labels",
        "ttl_seconds",
        "synced_at",
    )
    fields = readonly_fields

    @admin.display(description="stato", ordering="status")
    def status_badge(self, template: Template) -> SafeString:
        tones = {
            Template.Status.APPROVED: "green",
            Template.Status.PENDING: "amber",
            Template.Status.DRAFT: "grey",
        }
        return badge(tones.get(Template.Status(template.status), "red"), template.get_status_display())

    @admin.display(description="come si legge")
    def rendering(self, template: Template) -> str:
        return templates.render(template, template.examples)

    @admin.display(description="pulsanti")
    def button_labels(self, template: Template) -> str:
        return " · ".join(button["text"] for button in template.buttons) or "nessuno"


@admin.register(Channel)
class ChannelAdmin(admin.ModelAdmin[Channel]):
    list_display = ["__str__", "status", "pace", "quality", "tier", "last_inbound_at", "last_outbound_at"]
    readonly_fields = (
        "display_number",
        "status",
        "pause_reason",
        "quality",
        "tier",
        "last_inbound_at",
        "last_outbound_at",
        "last_status_at",
        "swept_at",
    )
    fields = ("pace", *readonly_fields)
    actions = ["pause", "resume"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # made from the configuration

    def has_delete_permission(self, request: HttpRequest, obj: Channel | None = None) -> bool:
        return False

    @admin.display(description="stato")
    def status(self, channel: Channel) -> SafeString:
        return badge("red", "in pausa") if channel.paused_at else badge("green", "attivo")

    @admin.action(description="Ferma tutti gli invii", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        for channel in queryset:
            channels.pause(channel, f"fermato da {request.user}")
            audit.note_change(channel, "paused_at", None, "in pausa")
        self.message_user(request, "Gli invii sono fermi: i messaggi restano in coda.", messages.WARNING)

    @admin.action(description="Riattiva gli invii", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        for channel in queryset:
            channels.resume(channel)
            audit.note_change(channel, "paused_at", "in pausa", None)
        self.message_user(request, "Gli invii riprendono entro qualche secondo.")


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly, admin.ModelAdmin[WebhookEvent]):
    list_display = ["received_at", "provider", "inbox", "size", "handled_at", "attempts", "error"]
    list_filter = ["inbox", ("handled_at", admin.EmptyFieldListFilter)]
    ordering = ["-pk"]
    show_full_result_count = False
    readonly_fields = (
        "received_at",
        "provider",
        "inbox",
        "size",
        "handled_at",
        "attempts",
        "due_at",
        "error",
    )
    fields = readonly_fields

    @admin.display(description="byte")
    def size(self, event: WebhookEvent) -> int:
        return len(event.body)


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
