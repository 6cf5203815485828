"""The staff's users and their locks, as an administrator sees them."""

from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest

# Pages that show secrets register themselves when imported: they must be there to be taken away. What a role
# may do is a table of the program, installed anew by each migration: no page pretends to change it.
from django_otp.plugins.otp_static.admin import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDevice

from regalbuto_urp import roles
from regalbuto_urp.access import factor, locks, sessions
from whatsapp.admin.base import ReadOnly, column

admin.site.unregister([User, Group, TOTPDevice, StaticDevice])


@admin.register(User)
class StaffAdmin(UserAdmin[User]):
    """Django's own, in which nobody makes of themselves or others more than a role is."""

    list_display = [
        "username", "first_name", "last_name", "role_names", "has_phone", "is_active", "last_login",
    ]  # fmt: skip
    list_filter = ["groups", "is_active"]
    actions = ["reset_second_factor", "unlock"]
    fieldsets = (
        (None, {"fields": ["username", "password"]}),
        ("Chi è", {"fields": ["first_name", "last_name", "email"]}),
        (
            "Che cosa può fare",
            {
                "fields": ["groups", "is_active", "is_superuser"],
                "description": "Una persona può avere più ruoli. Chi lascia l'ufficio non si elimina: si "
                "toglie «attivo», così resta scritto chi ha fatto che cosa.",
            },
        ),
    )
    filter_horizontal = ()
    formfield_overrides = {models.ManyToManyField: {"widget": CheckboxSelectMultiple}}

    def get_queryset(self, request: HttpRequest) -> Any:
        phones = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        return super().get_queryset(request).annotate(phone=Exists(phones)).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.is_superuser else (*fixed, "is_superuser")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Each role with what it does; nobody needs single rights."""
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field and db_field.name == "groups":
            field.label_from_instance = lambda group: f"{group.name}: {roles.TELL.get(group.name, '')}"
            field.help_text = ""
        return field

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Whoever has a user here works here."""
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not above and super().has_change_permission(request, obj)

    role_names = column("ruoli", lambda row: ", ".join(group.name for group in row.groups.all()) or "nessuno")
    has_phone = column("secondo fattore", lambda row: bool(row.phone), boolean=True, ordering="phone")

    @admin.action(description="Azzera il secondo fattore (telefono perso)", permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        users = [user for user in queryset if self.has_change_permission(request, user)]
        for user in users:
            factor.remove(user, by=request.user)
            sessions.close(user, but=request.session.session_key)
        names = ", ".join(user.username for user in users) or "nessuno"
        self.message_user(
            request,
            f"Secondo fattore azzerato e sessioni chiuse: {names}. Al prossimo accesso si entra con la sola "
            "password e si registra il nuovo telefono.",
        )

    @admin.action(description="Sblocca (troppe password sbagliate)", permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        names = sorted(queryset.values_list("username", flat=True))
        locks.unlock(names)
        self.message_user(request, f"Sbloccato: {', '.join(names)}. Può riprovare subito.")


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnly, admin.ModelAdmin[AccessAttempt]):
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
