"""Drafting a template: everything WhatsApp would refuse is told at once, in the field where it is."""

from typing import Any

from django import forms

from whatsapp import template_rules, templates
from whatsapp.models import Template
from whatsapp.types import Header

# What a notice offers: its own page, and the way out. Their parameters are filled when it is sent.
PAGE = {"type": "url", "url": "{site_url}/avvisi/{{1}}"}
LEAVE = {"type": "quick_reply", "text": "ISCRIZIONE OFF", "payload": "ISCRIZIONE OFF"}


class TemplateForm(forms.ModelForm[Template]):
    """A draft, or a refused template to be mended."""

    examples = forms.CharField(
        label="Esempi",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text="Uno per riga, nell'ordine delle variabili: chi esamina il modello vede questi.",
    )
    page_label = forms.CharField(
        label="Pulsante che apre la pagina dell'avviso",
        required=False,
        max_length=template_rules.LABEL_LIMIT,
        help_text="La sua scritta, per esempio «Leggi l'avviso». Vuoto: nessun pulsante.",
    )
    offers_leave = forms.BooleanField(
        label="Pulsante «ISCRIZIONE OFF»", required=False, help_text="Chi lo tocca non riceve più avvisi."
    )

    class Meta:
        model = Template
        fields = ["name", "category", "header", "header_text", "body", "examples", "footer", "ttl_seconds"]
        widgets = {
            "name": forms.TextInput(attrs={"class": "vTextField"}),
            "header_text": forms.TextInput(attrs={"class": "vTextField"}),
            "body": forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField"}),
            "footer": forms.TextInput(attrs={"class": "vTextField"}),
        }
        help_texts = {
            "name": "Come lo chiama WhatsApp: minuscole, cifre e trattini bassi. Poi non si cambia.",
            "category": "«Servizio» per avvisi utili a chi li riceve; «marketing» per eventi e inviti, "
            "che costano di più e non arrivano a chi ha rifiutato le promozioni.",
            "header_text": "Solo per l'intestazione «titolo».",
            "body": "Scrivi {{1}} dove va il titolo dell'avviso e {{2}} dove va il testo. Il grassetto è tra "
            "asterischi.",
            "footer": "Per esempio «Per non ricevere più avvisi scrivi ISCRIZIONE OFF».",
            "ttl_seconds": "Dopo quanti secondi WhatsApp smette di provare a consegnarlo, da 30 a 43200. "
            "Serve ai modelli delle allerte.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        template = self.instance
        self.initial["examples"] = "\n".join(template.examples)
        new = template.pk is None
        pages = [button["text"] for button in template.buttons if button["type"] == "url"]
        self.initial["page_label"] = "Leggi l'avviso" if new else (pages or [""])[0]
        self.initial["offers_leave"] = new or LEAVE in template.buttons
        # A case's page, «Me ne occupo»: what our own code fills stays as it is.
        self.own_buttons = any(b != LEAVE and b.get("url") != PAGE["url"] for b in template.buttons)
        for name in ("page_label", "offers_leave"):
            self.fields[name].disabled = self.own_buttons
        if template.provider_id:
            self.fields["name"].disabled = True

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        same = Template.objects.filter(name=name, language=self.instance.language)
        if same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("Un modello con questo nome c'è già: scegline un altro.")
        return name

    def clean_examples(self) -> list[str]:
        lines = self.cleaned_data["examples"].splitlines()
        return [line for raw in lines if (line := templates.clean_parameter(raw))]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("header") != Header.TEXT:
            cleaned["header_text"] = ""
        # Browsers send two characters for each line break; WhatsApp counts one.
        cleaned["body"] = cleaned.get("body", "").replace("\r\n", "\n")
        label = cleaned.get("page_label")
        page = [{**PAGE, "text": label}] if label else []
        if not self.own_buttons:
            self.instance.buttons = page + ([LEAVE] if cleaned.get("offers_leave") else [])
        return cleaned

    def _post_clean(self) -> None:
        """The rules look at the whole template, once the fields are in it."""
        super()._post_clean()  # type: ignore[misc]
        template = self.instance
        urgent = template.pk is not None and any(use.urgent for use in templates.uses(template))
        for field, texts in template_rules.problems(template, urgent=urgent).items():
            if field not in self.errors:  # Django has told already what is wrong there
                self.add_error(field if field in self.fields else None, forms.ValidationError([*texts]))

    def save(self, commit: bool = True) -> Template:
        self.instance.accepted_category = self.instance.category
        return super().save(commit)
