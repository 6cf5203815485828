"""What the staff write: topics, the policy, the texts sent to citizens."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import linebreaksbr
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from subscribers import keywords, policies, texts
from subscribers.models import Policy, ServiceText, Topic
from whatsapp.admin.base import BackOfficeAdmin, Fixed, column

TITLE = "Nuova informativa di WhatsURP"
TEXT = (
    "Il Comune ha aggiornato l'informativa di WhatsURP. La nuova versione è su {url} Per continuare a "
    "ricevere gli avvisi non devi fare nulla; per uscire scrivi ISCRIZIONE OFF."
)


@admin.register(Policy)
class PolicyAdmin(BackOfficeAdmin[Policy]):
    list_display = ["__str__", "in_force_from", "sha256"]
    fields = ("version", "title", "text", "announce", "notice", "in_force_from", "sha256")
    readonly_fields = ("notice", "in_force_from", "sha256")
    actions = ["publish"]

    def has_change_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        """A published version is only read: the register holds its hash."""
        return (obj is None or obj.in_force_from is None) and super().has_change_permission(request, obj)

    def get_form(
        self, request: HttpRequest, obj: Policy | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        hint = (
            "Una riga vuota tra un paragrafo e l'altro; «## » davanti a un titolo, «- » davanti a ogni voce "
            "di un elenco. Resta una bozza finché non la pubblichi dall'elenco."
        )
        return super().get_form(request, obj, change, help_texts={"text": hint}, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new version begins from the last one."""
        latest = Policy.objects.first()
        return {"version": latest.version + 1, "title": latest.title, "text": latest.text} if latest else {}

    def has_delete_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        return (obj is None or obj.in_force_from is None) and super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        deleted, counts, needed, protected = super().get_deleted_objects(objs, request)
        published = [str(policy) for policy in objs if policy.in_force_from]
        return deleted, counts, needed, [*protected, *published]

    @admin.display(description="avviso agli iscritti")
    def notice(self, policy: Policy) -> SafeString | str:
        """A link to a notice begun: it is approved, sent and followed like any other."""
        if not (policy.announce and policy.in_force_from):
            return "si prepara dopo la pubblicazione" if policy.announce else "non richiesto"
        url = settings.SITE_URL + reverse("subscribers:policy_version", args=[policy.version])
        query = urlencode({"title": TITLE, "text": TEXT.format(url=url)})
        return format_html('<a href="{}?{}">Prepara l\'avviso</a>', reverse(settings.NOTICE_PAGE), query)

    @admin.action(description="Pubblica: entra in vigore e non si modifica più", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Policy]) -> None:
        for policy in queryset.order_by("version"):
            try:
                policies.publish(policy)
            except policies.CannotPublish as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, f"«{policy}» è in vigore.")
                if policy.announce:
                    link = format_html("Gli iscritti vanno avvisati. {}.", self.notice(policy))
                    self.message_user(request, link, messages.WARNING)


class ServiceTextForm(forms.ModelForm[ServiceText]):
    class Meta:
        model = ServiceText
        fields = ["text"]
        help_texts = {
            "text": "Segnaposti: {policy} l'informativa, {site} il sito, {topics} gli argomenti "
            "ricevuti, {topic} l'argomento, {since} il giorno dell'iscrizione. *Grassetto* tra asterischi."
        }

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        try:
            texts.check(text)
        except texts.TextError as error:
            raise forms.ValidationError(str(error)) from error
        return text


@admin.register(ServiceText)
class ServiceTextAdmin(Fixed, BackOfficeAdmin[ServiceText]):
    """The program asks for them by name."""

    form = ServiceTextForm
    list_display = ["name", "beginning"]
    fields = ("name", "text", "preview")
    readonly_fields = ("name", "preview")

    @admin.display(description="come lo legge il cittadino")
    def preview(self, row: ServiceText) -> SafeString:
        """The saved text, with an example in the place of each placeholder."""
        return format_html('<div class="wu-note">{}</div>', linebreaksbr(texts.preview(row.text)))

    beginning = column("testo", lambda row: row.text[:80])


class TopicForm(forms.ModelForm[Topic]):
    """The words one on each line, instead of a list in brackets."""

    words = forms.CharField(
        label="Parole",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Una per riga: le parole con cui i cittadini lo chiamano, per esempio «protezione civile». "
        "Evita parole comuni come «acqua»: «acqua off» può essere una segnalazione.",
    )

    class Meta:
        model = Topic
        fields = ["name", "slug", "words", "order"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["words"] = "\n".join(self.instance.words)

    def clean_words(self) -> list[str]:
        words = [keywords.normalise(line) for line in self.cleaned_data["words"].splitlines()]
        if too_short := [word for word in words if 0 < len(word) < 3]:
            raise forms.ValidationError(f"«{too_short[0]}» è troppo corta: scrivi almeno tre lettere.")
        return list(dict.fromkeys(filter(None, words)))


@admin.register(Topic)
class TopicAdmin(BackOfficeAdmin[Topic]):
    form = TopicForm
    list_display = ["name", "slug", "order"]

    def get_readonly_fields(self, request: HttpRequest, obj: Topic | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()  # the register names topics by it

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: Topic | None = None
    ) -> dict[str, Sequence[str]]:
        return {} if obj else {"slug": ["name"]}
