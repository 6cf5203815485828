"""Settings. Every value that differs between machines comes from the environment (see .env.example)."""

import tomllib
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")
VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]

# --- The site -------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="")  # Django itself refuses an empty one when it is first needed
SITE_URL = env("SITE_URL", default="http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = [SITE_URL]
# Where the site listens for its proxy: an address and a port, or `unix:/path`.
HOST = env("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)

INSTALLED_APPS = [
    "regalbuto_urp.apps.SiteConfig",
    "regalbuto_urp.apps.ItalianAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "regalbuto_urp.apps.LocksConfig",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "import_export",
    "regalbuto_urp.apps.ActionLogConfig",
    "whatsapp.apps.WhatsappConfig",
    "subscribers.apps.SubscribersConfig",
    "broadcasts.apps.BroadcastsConfig",
    "reports.apps.ReportsConfig",
]

# First what every answer carries, static files and refusals included; then what refuses a request.
MIDDLEWARE = [
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "regalbuto_urp.middleware.set_fixed_headers",
    "regalbuto_urp.middleware.drop_forged_headers",
    "django.middleware.security.SecurityMiddleware",
    "regalbuto_urp.middleware.refuse_control_characters",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "regalbuto_urp.access.middleware.SecondFactorMiddleware",
    "regalbuto_urp.middleware.name_the_actor",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "regalbuto_urp.urls"
WSGI_APPLICATION = "regalbuto_urp.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "regalbuto_urp.context.town",
            ]
        },
    }
]

# --- Data -----------------------------------------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default="postgres://localhost/whatsurp")}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 10)  # seconds
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}

# Outside any public folder: what citizens send is served only by views that check permissions.
MEDIA_ROOT = env.path("MEDIA_ROOT", default=str(BASE_DIR / "media"))
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static", ("guida", BASE_DIR / "docs" / "guida" / "immagini")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o640
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024  # Meta's webhooks carry up to 3 MB
LARGEST_UPLOAD = 42 * 1024 * 1024  # bytes of a form with files

# --- Language and time ----------------------------------------------------------------------------

LANGUAGE_CODE = "it"
TIME_ZONE = "Europe/Rome"
USE_I18N = True
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "regalbuto_urp.formats"

# --- Security -------------------------------------------------------------------------------------

HTTPS = SITE_URL.startswith("https://")
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# For this host alone, unless the town says that all names under it have https, for years.
HSTS_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS and HSTS_SUBDOMAINS
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # they ask for the two above
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
# Not «Strict»: the links in our e-mails to who is on duty would arrive logged out.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60  # one shift, from the log-in: nothing prolongs it
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "regalbuto_urp.access.passwords.WatchedLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 60 * 60  # how long the link to choose a password holds
AUTHENTICATION_BACKENDS = ["regalbuto_urp.access.locks.StaffBackend"]

# Off only for trying the service out: `check --deploy` complains.
SECOND_FACTOR = env.bool("SECOND_FACTOR", default=True)
OTP_TOTP_ISSUER = "WhatsURP Regalbuto"

# After so many wrong passwords for a name from an address both together wait, and the address after more of
# them for any names; a name after many in a day, wherever they come from.
AXES_HANDLER = "regalbuto_urp.access.locks.LockHandler"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
ADDRESS_FAILURE_LIMIT = 30
NAME_FAILURE_LIMIT = 50
AXES_LOCKOUT_CALLABLE = "regalbuto_urp.access.locks.refused"
AXES_CLIENT_IP_CALLABLE = "regalbuto_urp.access.addresses.client_address"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # who came in is in the log of actions, without addresses
AXES_ENABLE_ADMIN = False  # ours is in Italian
AXES_VERBOSE = False
# How many proxies of ours stand before the site: by their word the caller's address is taken.
PROXIES = env.int("PROXIES", default=int(HTTPS))
# Their addresses or networks: the word of anybody else is not taken. A Unix socket needs none.
PROXY_ADDRESSES = env.list("PROXY_ADDRESSES", default=["127.0.0.1", "::1"])

EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)  # seconds
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="WhatsURP <segreteria@comune.regalbuto.en.it>")

# With this token `/salute/` says what is wrong; without it only whether something is.
HEALTH_TOKEN = env("HEALTH_TOKEN", default="")

# --- WhatsApp -------------------------------------------------------------------------------------

WHATSAPP_PROVIDER = env("WHATSAPP_PROVIDER", default="cloud_api")
WHATSAPP_API_URL = env("WHATSAPP_API_URL", default="https://graph.facebook.com/v25.0").rstrip("/")
WHATSAPP_PHONE_NUMBER_ID = env("WHATSAPP_PHONE_NUMBER_ID", default="")
WHATSAPP_WABA_ID = env("WHATSAPP_WABA_ID", default="")
WHATSAPP_APP_ID = env("WHATSAPP_APP_ID", default="")
WHATSAPP_ACCESS_TOKEN = env("WHATSAPP_ACCESS_TOKEN", default="")
WHATSAPP_APP_SECRET = env("WHATSAPP_APP_SECRET", default="")
WHATSAPP_VERIFY_TOKEN = env("WHATSAPP_VERIFY_TOKEN", default="")
WHATSAPP_DISPLAY_NUMBER = env("WHATSAPP_DISPLAY_NUMBER", default="+393665340900")
WHATSAPP_PACE = env.float("WHATSAPP_PACE", default=80.0)  # messages a second
WHATSAPP_MEDIA_HOSTS = env.list(
    "WHATSAPP_MEDIA_HOSTS", default=["lookaside.fbsbx.com", ".fbcdn.net", ".whatsapp.net"]
)

# The address of an antivirus, clamd: host:port, or the path of its socket. Empty: there is none.
CLAMD = env("CLAMD", default="")

# How long a call of the staff waits for «Me ne occupo» before everybody is called.
ESCALATE_AFTER = timedelta(minutes=env.float("ESCALATE_AFTER", default=5))

# The key of the consent register's chain (DESIGN 5.3): whoever lacks it cannot forge a row.
CONSENT_KEY = env("CONSENT_KEY", default="")
# The register's copy on another disk; without one nobody can tell whether its last rows were cut off.
CONSENT_JOURNAL = env("CONSENT_JOURNAL", default="")
# Where the register's head goes every day: only outside can a cut of register and journal together be seen.
CONSENT_HEAD_EMAIL = env.list("CONSENT_HEAD_EMAIL", default=[])

# --- What travels up from the channel (DESIGN 2) --------------------------------------------------

# «Basta così» ends the report somebody is telling us; said to nobody it is an OFF, like «basta».
INBOUND_HANDLERS = [
    "whatsapp.paging.handle",
    "reports.inbound.finish",
    "subscribers.inbound.handle",
    "reports.inbound.handle",
]
HEALTH_PROBLEMS = ["subscribers.health.problems"]
HANDOVER_CHECKS = ["broadcasts.handover.refusals"]
# Who confirms what takes two administrators.
SECOND_PERSON = "regalbuto_urp.access.changes.propose"
# Where a notice is begun, its `title` and `text` given in the address.
NOTICE_PAGE = "admin:broadcasts_broadcast_add"
TEMPLATE_USES = ["broadcasts.composing.uses", "whatsapp.paging.uses"]
# In the order of erasure: what needs to know the person first, the identity itself last.
PERSONAL_DATA = [
    "reports.personal_data",
    "broadcasts.personal_data",
    "subscribers.personal_data",
    "whatsapp.personal_data",
    "whatsapp.expiry",
    "regalbuto_urp.access.expiry",
]

# --- The log of actions. No table that messages touch is watched: each save would cost a query ------

AUDITLOG_INCLUDE_TRACKING_MODELS = [
    {"model": "auth.User", "exclude_fields": ["password", "last_login"], "m2m_fields": ["groups"]},
    {"model": "regalbuto_urp.ChangeRequest", "exclude_fields": ["payload"]},
    {"model": "whatsapp.Template", "include_fields": ["category", "accepted_category", "status", "body"]},
    "whatsapp.StaffPhone",
    "subscribers.Topic",
    "subscribers.Policy",
    "subscribers.ServiceText",
    "subscribers.RetentionRule",
    "broadcasts.Category",
    "broadcasts.Price",
    "broadcasts.Budget",
    "broadcasts.NoticeText",
    "reports.Office",
    "reports.ReportCategory",
    "reports.ReplyText",
    "reports.CannedReply",
]

# --- Reports --------------------------------------------------------------------------------------

# What one person writes within this time of the first piece is one report.
REPORTS_WINDOW_MINUTES = env.int("REPORTS_WINDOW_MINUTES", default=10)
# When somebody is there to read, on working days: outside, the first answer says so.
OFFICE_HOURS = env("OFFICE_HOURS", default="08:00-14:00")
# How long after the end of a case its private page is shown.
REPORTS_LINK_DAYS = env.int("REPORTS_LINK_DAYS", default=180)
# Says whether an alert is in force: what suffers from bad weather then rises in the list of reports.
WEATHER_ALERT = "broadcasts.published.is_alert_in_force"
# The background of the map: without it the map shows the town's boundary, and nothing leaves the server.
MAP_TILES = env("MAP_TILES", default="")
MAP_ATTRIBUTION = env("MAP_ATTRIBUTION", default="© OpenStreetMap")
if _tiles := urlsplit(MAP_TILES.replace("{s}", "*")).netloc:
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["img-src"].append(_tiles)

# --- Celery ---------------------------------------------------------------------------------------

CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="redis://localhost:6379/0")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
# Acknowledged before the work: a lost nudge is found again by the sweep, a repeated one costs nothing.
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "whatsapp.deliver_alert": {"queue": "alert"},
    "whatsapp.deliver_reply": {"queue": "reply"},
    "whatsapp.deliver_bulk": {"queue": "bulk"},
    "whatsapp.process_messages": {"queue": "inbound"},
    "whatsapp.fetch_media": {"queue": "media"},
    "whatsapp.process_statuses": {"queue": "status"},
    # An alert must leave within two seconds of its hold: not behind ordinary messages and receipts.
    "broadcasts.leave": {"queue": "alert"},
    "broadcasts.sweep": {"queue": "alert"},
    "subscribers.sweep": {"queue": "inbound"},
    "reports.sweep": {"queue": "inbound"},
}
CELERY_BEAT_SCHEDULE = {
    "whatsapp-sweep": {"task": "whatsapp.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "whatsapp-call-again": {"task": "whatsapp.call_again", "schedule": 15.0, "options": {"expires": 15}},
    "whatsapp-sync-templates": {"task": "whatsapp.sync_templates", "schedule": 3600.0},
    "subscribers-sweep": {"task": "subscribers.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "subscribers-expire": {"task": "subscribers.expire", "schedule": crontab(hour=3, minute=30)},
    "subscribers-send-head": {"task": "subscribers.send_head", "schedule": 3600.0},
    "reports-sweep": {"task": "reports.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "broadcasts-sweep": {"task": "broadcasts.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "broadcasts-totals": {"task": "broadcasts.keep_totals", "schedule": 15.0, "options": {"expires": 15}},
}

# --- Logs: to the standard error, without numbers, names or secrets --------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "whatsapp.logs.MaskingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL", default="INFO")},
    # Django's own handlers know nothing of the mask.
    "loggers": {"django": {"level": "INFO"}, "django.server": {"level": "INFO", "propagate": True}},
}
