"""The number in the back office: its health and its pause."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from whatsapp import account, audit, channels, paging, second_person
from whatsapp.admin.base import BackOfficeAdmin, Fixed, Paged, ReadOnly, badge, column
from whatsapp.models import AccountEvent, Call, Channel, StaffPhone

NEWS_SHOWN = 10
OPENS = "Il servizio si apre: avvisi e risposte arrivano a tutti gli iscritti."
OPENED = "Il servizio è aperto: da adesso ricevono tutti gli iscritti."
ASKED = "La richiesta è partita: il servizio si apre quando un altro amministratore la conferma."


class OpeningForm(forms.Form):
    """A word to type: nobody opens the service to the whole town by a slip."""

    word = forms.CharField(max_length=40)

    def __init__(self, data: Any, channel: Channel) -> None:
        super().__init__(data)
        self.wanted = "IN PROVA" if channel.opened_at else "APERTO"
        self.fields["word"].label = f"Per confermare scrivi {self.wanted}"

    def clean_word(self) -> str:
        word = " ".join(self.cleaned_data["word"].upper().split())
        if word != self.wanted:
            raise forms.ValidationError(f"Scrivi {self.wanted}, come indicato: non è cambiato nulla.")
        return word


@admin.register(Channel)
class ChannelAdmin(Fixed, Paged[Channel]):
    """Its row is made from the configuration."""

    pages = {"opening": ("<int:pk>/apertura/", "whatsapp.open_channel")}
    list_display = ["__str__", "status", "pace", "health", "limit", "last_inbound_at", "last_outbound_at"]
    readonly_fields = (
        "display_number", "status", "pause_reason", "opening", "health", "limit", "last_inbound_at",
        "last_outbound_at", "last_status_at", "swept_at", "news",
    )  # fmt: skip
    fields = ("pace", *readonly_fields)
    actions = ["pause", "resume"]

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        """The table is too busy to be watched: the change of the pace is logged here."""
        super().save_model(request, obj, form, change)
        if "pace" in form.changed_data:
            audit.note_change(obj, "pace", form.initial["pace"], obj.pace)

    def has_pause_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("whatsapp.pause_channel")

    status = column(
        "stato", lambda row: badge("red", "in pausa") if row.paused_at else badge("green", "attivo")
    )

    @admin.display(description="qualità", ordering="quality")
    def health(self, channel: Channel) -> SafeString | str:
        label = account.QUALITIES.get(channel.quality, "non ancora nota")
        return badge("red", label) if channel.quality == "RED" else label

    limit = column(
        "limite nelle 24 ore",
        lambda row: account.describe_tier(row.tier) or "non ancora noto",
        ordering="tier",
    )

    @admin.display(description="servizio")
    def opening(self, channel: Channel) -> SafeString:
        url = reverse("admin:whatsapp_channel_opening", args=[channel.pk])
        if channel.opened_at is None:
            return format_html('in prova · <a href="{}">Dichiara aperto il servizio</a>', url)
        day, who = f"{timezone.localtime(channel.opened_at):%d/%m/%Y}", channel.opened_by or "il sistema"
        return format_html('aperto il {} da {} · <a href="{}">Torna in prova</a>', day, who, url)

    def opening_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Declare the service open, or go back to the trial; a word is typed, the log keeps who did it."""
        channel = get_object_or_404(Channel, pk=pk)
        form = OpeningForm(request.POST or None, channel)
        if form.is_valid():
            if channel.opened_at:
                channels.return_to_trial(channel)
                self.message_user(
                    request, "Il servizio è di nuovo in prova: ricevono solo i telefoni del personale."
                )
            else:
                waits = second_person.propose(
                    "open_service", by=request.user, target=channel.pk, values={}, summary=OPENS
                )
                self.message_user(request, ASKED if waits else OPENED)
            return redirect("admin:whatsapp_channel_change", pk)
        title = "Torna in prova" if channel.opened_at else "Dichiara aperto il servizio"
        told = {"channel": channel, "form": form, "phones": StaffPhone.objects.count()}
        return self.page(request, "whatsapp/channel/opening", title, **told)

    @admin.display(description="comunicazioni di WhatsApp")
    def news(self, channel: Channel) -> SafeString | str:
        """The last ones; the list has them all."""
        rows = [
            (f"{timezone.localtime(event.at):%d/%m/%Y %H:%M}", seriousness(event), event.text)
            for event in AccountEvent.objects.all()[:NEWS_SHOWN]
        ]
        if not rows:
            return "nessuna"
        return format_html_join(mark_safe("<br>"), "<strong>{}</strong> {} {}", rows)

    @admin.action(description="Ferma tutti gli invii", permissions=["pause"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        for channel in queryset:
            channels.pause(channel, f"fermato da {request.user}")
            audit.note_change(channel, "paused_at", None, "in pausa")
        self.message_user(request, "Gli invii sono fermi: i messaggi restano in coda.", messages.WARNING)

    @admin.action(description="Riattiva gli invii", permissions=["pause"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        for channel in queryset:
            channels.resume(channel)
            audit.note_change(channel, "paused_at", "in pausa", None)
        self.message_user(request, "Gli invii riprendono entro qualche secondo.")


def seriousness(event: AccountEvent) -> SafeString | str:
    """A mark on what stopped the sending."""
    return badge("red", "ha fermato gli invii") if event.serious else ""


@admin.register(AccountEvent)
class AccountEventAdmin(ReadOnly, BackOfficeAdmin[AccountEvent]):
    list_display = ["at", "text", "mark", "event"]
    list_display_links = ["at"]
    list_filter = ["serious", "event"]
    list_per_page = 50
    show_full_result_count = False
    fields = readonly_fields = ("at", "text", "mark", "event")

    mark = column("effetto", lambda row: seriousness(row) or "–", ordering="serious")


@admin.register(Call)
class CallAdmin(ReadOnly, BackOfficeAdmin[Call]):
    list_display = ["created_at", "reason", "reached", "rounds", "settled_at", "taken_by"]
    list_select_related = ["taken_by"]
    list_per_page = 50
    fields = readonly_fields = (
        "created_at", "reason", "text", "key", "rounds", "told_at", "due_at", "called", "reached",
        "settled_at", "taken_by",
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Call | None = None) -> Any:
        """What a call is about may quote a citizen: it is for who reads their messages."""
        if request.user.has_perm("whatsapp.view_message"):
            return self.fields
        return [name for name in self.fields if name != "text"]

    @admin.display(description="avvisati")
    def reached(self, call: Call) -> str:
        """Those whose message WhatsApp has taken, or a mail server their e-mail."""
        return f"{paging.reached(call)} di {call.called.count()}"
