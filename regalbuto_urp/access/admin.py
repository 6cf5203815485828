"""The staff's users and their locks, as an administrator sees them."""

from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

# Pages that show secrets register themselves when imported: they must be there to be taken away. What a role
# may do is a table of the program, installed anew by each migration: no page pretends to change it.
from django_otp.plugins.otp_static.admin import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDevice

from regalbuto_urp import roles
from regalbuto_urp.access import changes, locks, mail, staff
from regalbuto_urp.access.forms import NEW_PASSWORD, NEW_TELEPHONE, OwnForm, ReasonForm, Renewal, StaffForm
from regalbuto_urp.access.staff import Authority, CannotDo
from subscribers.admin.pages import form_page
from whatsapp.admin.base import BackOfficeAdmin, Paged, ReadOnly, column

admin.site.unregister([User, Group, TOTPDevice, StaticDevice])

RIGHTS = (
    "Una persona può avere più ruoli; Amministratori sta da solo, o con Revisori. I propri ruoli li cambia "
    "un altro amministratore. Chi lascia l'ufficio non si elimina: si toglie «attivo», così resta scritto "
    "chi ha fatto che cosa."
)
NO_MAIL = (
    "La posta non è configurata (EMAIL_URL): nessuna e-mail parte. Sul server «manage.py staff_access "
    "NOMEUTENTE --link» dà il collegamento per scegliere la password, da consegnare di persona."
)
WAITS = "Non è ancora cambiato nulla: la richiesta aspetta la conferma di un altro amministratore."


@admin.register(User)
class StaffAdmin(Paged[User], UserAdmin[User]):
    """Django's page about users; with two administrators, a change of rights becomes a request."""

    pages = {"factor": ("<id>/telefono/", "auth.change_user")}
    form = add_form = StaffForm
    add_form_template = None
    list_display = [
        "username", "first_name", "last_name", "role_names", "has_phone", "is_active", "last_login",
    ]  # fmt: skip
    list_filter = ["groups", "is_active"]
    actions = ["unlock"]
    filter_horizontal = ()
    formfield_overrides = {models.ManyToManyField: {"widget": CheckboxSelectMultiple}}

    def get_form(self, request: HttpRequest, obj: User | None = None, *args: Any, **kwargs: Any) -> Any:
        if obj is not None and obj.pk == request.user.pk:
            kwargs["form"] = OwnForm
        return super().get_form(request, obj, *args, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        person = ["username", "first_name", "last_name", "email"]
        if obj is None:
            rights, reason = ["groups"], ["reason"]
        elif obj.pk == request.user.pk:
            rights, reason = ["groups", "is_active"], []
        else:
            rights, reason = ["groups", "is_active", "renewals"], ["reason"]
        if request.user.is_superuser or (obj and obj.is_superuser):
            rights.append("is_superuser")
        groups = [
            ("Chi è", {"fields": person}),
            ("Che cosa può fare", {"fields": rights, "description": RIGHTS}),
        ]
        return [*groups, ("Perché", {"fields": reason})] if reason else groups

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Users cannot change their own rights; an administrator can only switch a superuser on or off."""
        if obj is None:
            return ["renewals"]
        if obj.pk == request.user.pk:
            return ["username", "groups", "is_active", "is_superuser", "renewals"]
        if obj.is_superuser and not request.user.is_superuser:
            return ["username", "first_name", "last_name", "email", "groups", "is_superuser", "renewals"]
        return ["renewals"] if request.user.is_superuser else ["is_superuser", "renewals"]

    def get_queryset(self, request: HttpRequest) -> Any:
        phones = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        return super().get_queryset(request).annotate(phone=Exists(phones)).prefetch_related("groups")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Each role with what it does; nobody needs single rights."""
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field and db_field.name == "groups":
            field.label_from_instance = lambda group: f"{group.name}: {roles.TELL.get(group.name, '')}"
            field.label = "Ruoli"
            field.help_text = ""
        return field

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """There is one button: the change may have to wait, so the form is not shown again."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False  # what a person did stays theirs: users are switched off

    role_names = column("ruoli", lambda row: ", ".join(group.name for group in row.groups.all()) or "nessuno")
    has_phone = column("secondo fattore", lambda row: bool(row.phone), boolean=True, ordering="phone")

    @admin.display(description="se non riesce a entrare")
    def renewals(self, user: User) -> SafeString:
        password = reverse("admin:auth_user_password_change", args=[user.pk])
        telephone = reverse("admin:auth_user_factor", args=[user.pk])
        return format_html(
            '<a href="{}">Manda il collegamento per una nuova password</a> · <a href="{}">Azzera il secondo '
            "fattore (telefono perso)</a>",
            password,
            telephone,
        )

    # --- Saving: at once, or once another administrator has confirmed it -------------------------------

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        try:
            self._save(request, obj, form, change)
        except CannotDo as problem:
            self.message_user(request, str(problem), messages.ERROR)

    def _save(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        wanted = form.wanted()
        if not change:
            summary = f"{wanted['username']}, {obj.get_full_name() or 'senza nome'}, {obj.email}; ruoli: "
            summary += ", ".join(wanted["roles"]) or "nessuno"
            self._propose(request, form, kind="add_user", values=wanted, summary=summary)
            return
        before = staff.state_of(User.objects.get(pk=obj.pk))
        values = {name: [before[name], value] for name, value in wanted.items() if before[name] != value}
        if not values:
            self.message_user(request, "Non è cambiato nulla.")
        elif obj.pk == request.user.pk or staff.only_switches_off(values, before):
            staff.change(str(obj.pk), values, Authority(request.user))
            self.message_user(request, "Fatto.", messages.SUCCESS)
        else:
            summary = f"{before['username']}: {staff.describe(values)}"
            details: dict[str, Any] = {"target": obj.pk, "values": values, "summary": summary}
            self._propose(request, form, kind="change_user", **details)

    def _propose(self, request: HttpRequest, form: Any, *, kind: str, done: str = "", **details: Any) -> None:
        """Raises CannotDo."""
        if changes.propose(kind, by=request.user, reason=form.cleaned_data["reason"], **details):
            self.message_user(request, WAITS, messages.WARNING)
            return
        self.message_user(request, done or "Fatto: la persona è avvisata per e-mail.", messages.SUCCESS)
        if not mail.leaves():
            self.message_user(request, NO_MAIL, messages.WARNING)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Roles are saved, or asked for, with the rest."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The log of actions has what was done, and by whom it was confirmed."""

    log_change = log_addition

    def response_change(self, request: HttpRequest, obj: User) -> HttpResponse:
        return redirect("admin:auth_user_changelist")

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: Any = None) -> HttpResponse:
        return redirect("admin:auth_user_changelist")

    # --- Letting in again ------------------------------------------------------------------------------

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """This replaces Django's page, where an administrator types the password of another user."""
        return self._renew(request, id, NEW_PASSWORD)

    def factor_view(self, request: HttpRequest, id: str) -> HttpResponse:
        return self._renew(request, id, NEW_TELEPHONE)

    def _renew(self, request: HttpRequest, id: str, renewal: Renewal) -> HttpResponse:
        user = self.get_object(request, id)
        if user is None:
            raise Http404
        above = user.is_superuser and not request.user.is_superuser
        if above or user.pk == request.user.pk or not self.has_change_permission(request, user):
            raise PermissionDenied
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            summary = f"{renewal.title}: {user.get_username()}"
            details: dict[str, Any] = {"target": user.pk, "values": {}, "summary": summary}
            try:
                self._propose(request, form, kind=renewal.kind, done=renewal.done, **details)
            except CannotDo as problem:
                self.message_user(request, str(problem), messages.ERROR)
            return redirect("admin:auth_user_change", user.pk)
        return form_page(
            self,
            request,
            form,
            template="access/renew",
            title=f"{renewal.title}: {user.get_username()}",
            button=renewal.button,
            back=reverse("admin:auth_user_change", args=[user.pk]),
            renewal=renewal,
            person=user,
            no_mail=renewal is NEW_PASSWORD and not mail.leaves(),
        )

    @admin.action(description="Sblocca (troppe password sbagliate)", permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        names = sorted(queryset.values_list("username", flat=True))
        locks.unlock(names)
        self.message_user(request, f"Sbloccato: {', '.join(names)}. Può riprovare subito.")


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnly, BackOfficeAdmin[AccessAttempt]):
    """Who typed wrong passwords lately; deleting a row is unlocking."""

    list_display = ["username", "ip_address", "failures_since_start", "attempt_time", "locked"]
    list_display_links = None
    actions = ["unlock"]

    def has_unlock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("axes.delete_accessattempt")

    locked = column("bloccato", lambda row: locks.locked_part(row.username, row.ip_address))

    @admin.action(description="Sblocca", permissions=["unlock"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> None:
        names = sorted({str(attempt.username) for attempt in queryset})
        queryset.delete()
        locks.unlock(names)
        self.message_user(request, f"Sbloccato: {', '.join(names)}. Può riprovare subito.")
