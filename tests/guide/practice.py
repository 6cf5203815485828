"""The running service with its practice data, as `make run` has it, but with the second factor on."""

from pathlib import Path

from django_otp.oath import totp

from regalbuto_urp.run import DEMO_PASSWORD
from tests.journeys.town import Town

# What every telephone here makes its codes of.
SECRET = "3132333435363738393031323334353637383930"
# Two more who may approve: one to countersign, one who has not registered a telephone yet.
COLLEAGUES = {"vicaria": ("Agata", "Cardaci"), "nuova": ("Carla", "Savoca")}
NEWCOMER = "nuova"
STAFF = f"""
from django.contrib.auth.models import Group, User
from django_otp.plugins.otp_totp.models import TOTPDevice
for name, (first, last) in {COLLEAGUES!r}.items():
    user = User.objects.create_user(name, password={DEMO_PASSWORD!r}, is_staff=True)
    User.objects.filter(pk=user.pk).update(first_name=first, last_name=last)
    user.groups.set(Group.objects.filter(name="Approvazione"))
for user in User.objects.exclude(username={NEWCOMER!r}):
    TOTPDevice.objects.create(user=user, name="telefono", key={SECRET!r})
"""
_HIS = "where user_id = (select id from auth_user where username = %s)"
_DEVICES = f"select id from otp_static_staticdevice {_HIS}"
FORGET = (
    f"delete from otp_static_statictoken where device_id in ({_DEVICES})",
    f"delete from otp_static_staticdevice {_HIS}",
    f"delete from otp_totp_totpdevice {_HIS}",
)


class Practice(Town):
    """A town whose staff have eight months behind them, and telephones."""

    FILL = f'call_command("demo_data")\n{STAFF}'

    def __init__(self, database: str, *, broker: int, media: Path) -> None:
        super().__init__(database, broker=broker, media=media)
        self.environment["SECOND_FACTOR"] = "true"

    def code(self, key: str = SECRET) -> str:
        """What the app shows now; nobody waits half a minute for the next one."""
        self.sql("update otp_totp_totpdevice set last_t = -1, throttling_failure_count = 0")
        return f"{totp(bytes.fromhex(key)):06d}"

    def forget_phone(self, username: str) -> None:
        """This person has never registered a telephone."""
        for forget in FORGET:
            self.sql(forget, username)

    def let_leave(self) -> None:
        """The hold of what is leaving is over."""
        self.sql("update broadcasts_broadcast set leaves_at = now() where state = 'holding'")

    def pace(self, messages: float | None) -> None:
        """So many a second from here on; None: as many as may be."""
        self.sql("update whatsapp_channel set pace = %s", messages)
