"""How long each kind of data is kept, what would go today, what has gone."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from subscribers import retention
from subscribers.models import RetentionRule, RetentionRun
from whatsapp import second_person
from whatsapp.admin.base import BackOfficeAdmin, Fixed, Paged, ReadOnly, column

LONGEST = 3650  # days: ten years


class RetentionRuleForm(forms.ModelForm[RetentionRule]):
    class Meta:
        model = RetentionRule
        fields = ["days"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = retention.clocks()[self.instance.slug].name
        self.fields["days"].widget.attrs["aria-label"] = f"Giorni per «{kind}»"

    def clean_days(self) -> int:
        days: int = self.cleaned_data["days"]
        minimum = retention.clocks()[self.instance.slug].minimum
        if not minimum <= days <= LONGEST:
            raise forms.ValidationError(f"Scegli da {minimum} a {LONGEST} giorni.")
        return days


@admin.register(RetentionRule)
class RetentionRuleAdmin(Fixed, Paged[RetentionRule]):
    """Only the days change; what the kinds are is the program's."""

    pages = {"trial": ("prova/", ""), "confirm": ("data/", "subscribers.change_retentionrule")}
    list_display = ["name", "days", "limits", "explanation"]
    list_display_links = None
    list_editable = ["days"]
    change_list_template = "admin/subscribers/retention/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[RetentionRule]:
        retention.install_rules()
        return super().get_queryset(request).filter(slug__in=retention.clocks())

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[RetentionRuleForm]:
        return RetentionRuleForm

    def save_model(self, request: HttpRequest, obj: RetentionRule, form: Any, change: bool) -> None:
        """A shorter term erases data the next night: it takes two administrators."""
        before, name = form.initial["days"], retention.clocks()[obj.slug].name
        if obj.days >= before:
            super().save_model(request, obj, form, change)
            return
        waits = second_person.propose(
            "shorten_retention",
            by=request.user,
            target=obj.pk,
            values={"days": [before, obj.days]},
            summary=f"{name}: {before} → {obj.days} giorni. Ciò che è più vecchio si cancella la notte dopo.",
        )
        if waits:
            request.waits = True  # type: ignore[attr-defined]
            text = f"«{name}» resta a {before} giorni finché un altro amministratore non conferma."
            self.message_user(request, text, messages.WARNING)

    def message_user(
        self, request: HttpRequest, message: Any, level: Any = messages.INFO, *args: Any, **kwargs: Any
    ) -> None:
        """Django counts as changed what still waits."""
        if not (level == messages.SUCCESS and hasattr(request, "waits")):
            super().message_user(request, message, level, *args, **kwargs)

    name = column("che cosa", lambda row: retention.clocks()[row.slug].name)

    @admin.display(description="proposta e minimo")
    def limits(self, rule: RetentionRule) -> str:
        clock = retention.clocks()[rule.slug]
        return f"{clock.days}, almeno {clock.minimum}"

    explanation = column("spiegazione", lambda row: retention.clocks()[row.slug].explanation)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        trial = reverse("admin:subscribers_retentionrule_trial")
        return super().changelist_view(request, {**(extra_context or {}), "trial_url": trial})

    def trial_view(self, request: HttpRequest) -> HttpResponse:
        """What would go now, without touching anything."""
        told = {
            "due": retention.due(),
            "doubt": retention.time_in_doubt(),
            "now": timezone.now(),
            "may_confirm": request.user.has_perm("subscribers.change_retentionrule"),
        }
        return self.page(request, "subscribers/retention/trial", "Che cosa andrebbe oggi", **told)

    @method_decorator(require_POST)
    def confirm_view(self, request: HttpRequest) -> HttpResponse:
        """The server's date is right: a person takes the responsibility, and the log of actions says who."""
        retention.install_rules()
        retention.confirm_time(RetentionRule.objects.order_by("pk").first())
        self.message_user(request, "Data confermata: la cancellazione riprende stanotte alle 3:30.")
        return redirect("admin:subscribers_retentionrule_trial")


@admin.register(RetentionRun)
class RetentionRunAdmin(ReadOnly, BackOfficeAdmin[RetentionRun]):
    list_display = ["at", "name", "before", "removed"]
    list_display_links = None
    date_hierarchy = "at"

    @admin.display(description="che cosa")
    def name(self, run: RetentionRun) -> str:
        clock = retention.clocks().get(run.slug)
        return clock.name if clock else retention.LOGGED.get(run.slug, run.slug)
