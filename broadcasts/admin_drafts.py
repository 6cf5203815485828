"""While a notice is being written: the preview, saving by itself, files checked at once, nothing lost."""

from contextlib import suppress
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from broadcasts import audience, composing, drafts, library, rendering
from broadcasts.admin_pages import ADD, FOLDER
from broadcasts.admin_steps import NoticeSteps
from broadcasts.forms import BroadcastForm, seal
from broadcasts.models import Broadcast, Category
from whatsapp import media as files
from whatsapp.admin.base import key_of
from whatsapp.errors import ContentError
from whatsapp.types import Header

DELETED = "La bozza era stata eliminata: è stata salvata di nuovo."


def _refuse_reading(request: HttpRequest) -> None:
    if request.method != "POST":
        raise PermissionDenied


class DraftPages(NoticeSteps):
    """Its views call the domain and show what it says; each asks for its own permission."""

    pages = {
        "preview": ("anteprima/", ADD),
        "keep": ("salva/", ADD),
        "file": ("allegato/", ADD),
    }

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """The message and the page as they are being written, how much room is left, how many it reaches."""
        _refuse_reading(request)
        pk = key_of(request.POST.get("category", ""))
        category = Category.objects.filter(pk=pk).first() if pk else None
        header = request.POST.get("header", "")
        kind = Header(header) if header in Header.values else Header.NONE
        title, text = request.POST.get("title", "")[:500], request.POST.get("text", "")[:20_000]
        bubble = rendering.sketch(category, kind, title, text, request.POST.get("place_name", ""))
        context = {"bubble": bubble, "sketch": True, "now": timezone.now()}
        sheet = {"notice": {"title": title, "text": text, "category": category}}
        answer: dict[str, object] = {
            "html": render_to_string("admin/whatsapp/_phone.html", context, request),
            "page": render_to_string(f"admin/{FOLDER}/_sheet.html", sheet, request),
        }
        if category:
            draft = drafts.find(request.POST.get("draft", ""))
            earlier = audience.rule(draft).earlier if draft else None
            reached = audience.of(audience.Rule(category, earlier)).count()
            answer |= {"room": composing.room(category, kind, title, text), "reached": reached}
            answer["problem"] = composing.missing(category, kind) or library.unfilled(title, text)
        return JsonResponse(answer)

    def keep_view(self, request: HttpRequest) -> HttpResponse:
        """Saves the draft as it is, unfinished or not; makes it the first time."""
        _refuse_reading(request)
        for _attempt in range(2):
            with suppress(IntegrityError), transaction.atomic():  # its first save came twice at once
                return self._keep(request)
        raise PermissionDenied

    def _keep(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        there = drafts.locked(request.POST.get("draft", ""))
        if there and not self.has_change_permission(request, there):
            html = render_to_string(f"admin/{FOLDER}/_left.html", {"notice": there}, request)
            return JsonResponse({"html": html}, status=409)
        form = BroadcastForm(request.POST, instance=there, partial=True)
        if not form.is_valid():
            return self._not_kept(request, form)
        notice = form.instance
        note = drafts.writing(notice, user)
        if there is None:
            notice.author = user
            note = DELETED if form.cleaned_data["seen"] else ""
        drafts.keep(notice, user)
        if there is None:
            self.log_addition(request, notice, "Bozza salvata da sola.")
        address = reverse("admin:broadcasts_broadcast_change", args=[notice.pk])
        saved = f"{timezone.localtime(notice.edited_at):%H:%M}"
        return JsonResponse({"saved": saved, "revision": notice.revision, "address": address, "note": note})

    def _not_kept(self, request: HttpRequest, form: BroadcastForm) -> HttpResponse:
        if form.conflict:
            html = self.conflict(request, form)
            return JsonResponse({"html": html, "revision": form.instance.revision}, status=409)
        labels = {name: f"{field.label}: " for name, field in form.fields.items()}
        errors = [labels.get(name, "") + " ".join(map(str, texts)) for name, texts in form.errors.items()]
        return JsonResponse({"problem": " ".join(errors)}, status=400)

    def conflict(self, request: HttpRequest, form: BroadcastForm) -> str:
        """What the other one saved, beside which one's own text stays in the form."""
        context = {"theirs": form.conflict, "changed": drafts.changed(form.instance), "notice": form.instance}
        return render_to_string(f"admin/{FOLDER}/_conflict.html", context, request)

    def file_view(self, request: HttpRequest) -> HttpResponse:
        """A file as soon as it is chosen: kept, or refused with the reason."""
        _refuse_reading(request)
        upload = request.FILES.get("upload")
        if upload is None:
            return JsonResponse({"problem": "Il file non è arrivato: sceglilo di nuovo."}, status=400)
        try:
            file = files.save_outgoing(upload, for_subscribers=True)
        except ContentError as error:
            return JsonResponse({"problem": str(error)}, status=400)
        html = render_to_string(f"admin/{FOLDER}/_file.html", {"file": file}, request)
        return JsonResponse({"kept": seal(file), "html": html, "note": files.remark(upload, file)})

    def left_page(self, request: HttpRequest, notice: Broadcast | None) -> HttpResponse:
        """The form came back after its notice had left: what was typed is shown, to be copied."""
        typed = {"title": request.POST.get("title", ""), "text": request.POST.get("text", "")}
        return self._page(request, "left", title="Modifiche non salvate", notice=notice, typed=typed)
