"""Writing a notice: everything is checked at once, and nothing that was typed or uploaded is lost."""

import re
import uuid
from typing import Any

from django import forms
from django.core import signing
from django.core.files.uploadedfile import UploadedFile

from broadcasts import composing, drafts, places, schedule
from broadcasts.errors import NotAllowed
from broadcasts.models import TITLE_LIMIT, Broadcast, Category
from whatsapp import media as files
from whatsapp.errors import ContentError
from whatsapp.models import Media
from whatsapp.types import Header, Kind, Lane

_SALT = "broadcasts.upload"
# They turn round whatever follows them, the town's own words too.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
TEXT_LIMIT = 20_000  # of the notice's page; WhatsApp's own is `composing.room`
ACCEPT = "image/*,video/mp4,video/3gpp,application/pdf"
ATTACHMENTS = [
    ("none", "Niente, solo testo"),
    ("file", "Un'immagine, un video o un PDF"),
    ("place", "Un luogo"),
]


def seal(media: Media) -> str:
    """A file already uploaded, as a form carries it: nobody points at another one by guessing."""
    return signing.dumps(media.pk, salt=_SALT)


class BroadcastForm(forms.ModelForm[Broadcast]):
    """A draft. `upload` replaces the file there is; `kept` carries one that was uploaded before; `draft` and
    `seen` are its key and the revision one began from (`drafts`).

    Attributes:
        conflict: what somebody else saved meanwhile, once the form was refused for it.
        remark: what became of the uploaded file, for the staff.
    """

    attachment = forms.ChoiceField(
        label="Sopra il testo", choices=ATTACHMENTS, widget=forms.RadioSelect, initial="none"
    )
    upload = forms.FileField(
        label="File",
        required=False,
        widget=forms.FileInput(
            attrs={
                "accept": ACCEPT,
                "data-limit": files.UPLOAD_LIMIT,
                "data-limit-video": files.LIMITS[Kind.VIDEO],
            }
        ),
        help_text="Una foto, un video MP4 fino a 16 MB o un PDF. Le foto troppo grandi si riducono da sole.",
    )
    kept = forms.CharField(required=False, widget=forms.HiddenInput)
    draft = forms.UUIDField(required=False, widget=forms.HiddenInput)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    coordinates = forms.CharField(
        label="Coordinate",
        required=False,
        max_length=500,
        help_text="Copiate dalla mappa, per esempio 37.6525, 14.6398, oppure il link per intero.",
    )

    class Meta:
        model = Broadcast
        fields = ["category", "title", "text", "place_name", "place_address"]
        widgets = {
            "title": forms.TextInput(attrs={"class": "vTextField", "maxlength": TITLE_LIMIT}),
            "text": forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField", "maxlength": TEXT_LIMIT}),
            "place_name": forms.TextInput(attrs={"class": "vTextField"}),
            "place_address": forms.TextInput(attrs={"class": "vTextField"}),
        }
        error_messages = {
            "title": {
                "max_length": "Il titolo ha %(show_value)d caratteri, il massimo è %(limit_value)d: "
                "accorcialo e metti il resto nel testo."
            }
        }
        help_texts = {
            "title": "Che cosa succede e dove, in una riga. Sul telefono è in grassetto.",
            "text": "Quando, dove, che cosa fare. Su WhatsApp gli a capo diventano spazi; nella pagina "
            "dell'avviso restano.",
        }

    def __init__(self, *args: Any, partial: bool = False, **kwargs: Any) -> None:
        """`partial`: saved by itself while somebody writes, whatever is still missing."""
        super().__init__(*args, **kwargs)
        notice = self.instance
        self.partial = partial
        self.stored = drafts.Seen.of(notice)
        self.conflict: drafts.Seen | None = None
        self.remark = ""
        category: Any = self.fields["category"]
        category.queryset = Category.objects.filter(active=True)
        category.disabled = bool(notice.follows_id)  # a correction is of the same kind, for the same people
        category.error_messages["invalid_choice"] = "Questa categoria non c'è più: scegline un'altra."
        if partial:
            for name in ("title", "text", "attachment"):
                self.fields[name].required = False
        self.file: Media | None = notice.media
        if notice.latitude is not None:
            self.initial["coordinates"] = f"{notice.latitude}, {notice.longitude}"
        attachment = {Header.NONE: "none", Header.LOCATION: "place"}
        self.initial.setdefault("attachment", attachment.get(notice.header, "file"))
        self.initial.update(draft=notice.key, seen=notice.revision)
        if self.is_bound and (kept := self._kept()):
            self.file = kept

    def _kept(self) -> Media | None:
        try:
            pk = signing.loads(str(self.data.get(self.add_prefix("kept"), "")), salt=_SALT)
        except signing.BadSignature:
            return None
        return Media.objects.filter(pk=pk, inbound=False, for_subscribers=True).first()

    def clean_title(self) -> str:
        return " ".join(_TURNING.sub("", self.cleaned_data["title"]).split())

    def clean_text(self) -> str:
        text = _TURNING.sub("", self.cleaned_data["text"])
        if len(text) > TEXT_LIMIT:
            raise forms.ValidationError(
                f"Il testo ha {len(text)} caratteri, il massimo è {TEXT_LIMIT}: accorcialo, o mettilo in un "
                "PDF."
            )
        return text

    def clean_upload(self) -> UploadedFile[Any] | None:
        """Check and keep the file now: should another field be wrong, it need not be chosen again."""
        upload: UploadedFile[Any] | None = self.cleaned_data["upload"]
        if upload and self.data.get(self.add_prefix("attachment")) == "file":
            try:
                self.file = files.save_outgoing(upload, for_subscribers=True)
            except ContentError as error:
                raise forms.ValidationError(str(error)) from error
            self.remark = files.remark(upload, self.file)
            self._show_again(kept=seal(self.file))
        return upload

    def _show_again(self, **values: object) -> None:
        """In a form that comes back: a bound form renders its data, not its initial values."""
        data = self.data.copy()  # type: ignore[attr-defined]
        for name, value in values.items():
            data[self.add_prefix(name)] = value
        self.data = data

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        attachment = cleaned.get("attachment")
        notice = self.instance
        notice.latitude = notice.longitude = None
        notice.media = self.file if attachment == "file" else None
        if attachment == "file" and notice.media is None and not self.partial and "upload" not in self.errors:
            self.add_error("upload", "Scegli il file, oppure «Niente, solo testo».")
        if attachment == "place":
            self._clean_place(cleaned)
        if not self.partial:
            self._clean_length(cleaned)
        if notice.pk is None:
            notice.key = cleaned.get("draft") or uuid.uuid4()
        return cleaned

    def _post_clean(self) -> None:
        """Once the draft is as it would be saved: has somebody saved it meanwhile, and otherwise?"""
        super()._post_clean()  # type: ignore[misc]
        notice, seen = self.instance, self.cleaned_data.get("seen")
        if not notice.pk or seen is None or seen == notice.revision or self.stored == drafts.Seen.of(notice):
            return
        self.conflict = self.stored
        self.add_error(None, f"Il tuo testo non è stato salvato: la bozza è stata {drafts.changed(notice)}.")
        self._show_again(seen=notice.revision)

    def _clean_place(self, cleaned: dict[str, Any]) -> None:
        try:
            self.instance.latitude, self.instance.longitude = places.parse(cleaned.get("coordinates", ""))
        except ContentError as error:
            if not self.partial:
                self.add_error("coordinates", str(error))
        if not cleaned.get("place_name") and not self.partial:
            self.add_error("place_name", "Dai un nome al luogo: si legge sotto la mappa.")

    def _clean_length(self, cleaned: dict[str, Any]) -> None:
        category, title, text = cleaned.get("category"), cleaned.get("title", ""), cleaned.get("text", "")
        if category is None or not text:
            return
        excess = -composing.room(category, self.instance.header, title, text)
        if excess > 0:
            self.add_error(
                "text",
                f"Il messaggio supera di {excess} caratteri il limite di WhatsApp: accorcia il testo. "
                "Quello che hai scritto è ancora qui.",
            )


class CategoryForm(forms.ModelForm[Category]):
    """An alert must not arrive when it is over: its templates say for how long they are worth delivering."""

    class Meta:
        model = Category
        fields = [
            "name",
            "slug",
            "topic",
            "lane",
            "approval",
            "expiry_hours",
            "tone",
            "order",
            "active",
            "templates",
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("lane") == Lane.ALERT:
            endless = [template.name for template in cleaned.get("templates", ()) if not template.ttl_seconds]
            if endless:
                self.add_error(
                    "templates",
                    f"Per le allerte servono modelli con una validità; non l'hanno: {', '.join(endless)}.",
                )
        return cleaned


class ScheduleForm(forms.Form):
    """When a notice leaves, as the clock in Rome will show it; `at` is the moment."""

    day = forms.DateField(label="Giorno", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    clock = forms.TimeField(label="Ora", widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if "day" in data and "clock" in data:
            try:
                data["at"] = schedule.moment(data["day"], data["clock"])
            except NotAllowed as error:
                raise forms.ValidationError(str(error)) from error
        return data
