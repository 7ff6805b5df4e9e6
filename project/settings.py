"""The project's deploy facts, each read from the environment.  Knobs: tasklog/conf.py.

docs/configuration.md lists them all; a test keeps it complete.
"""

import os
from pathlib import Path

from django.utils.csp import CSP
from kombu import Queue

from project.embedded import celery_url, client_url, running_socket
from project.environment import Environment, WrongValue, local_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)

# --- The instance -----------------------------------------------------------------------------

VAR_DIR = Path(env.text("TASKLOG_VAR", str(BASE_DIR / "var"))).absolute()
SECRET_KEY = env.text("SECRET_KEY") or local_secret_key(VAR_DIR)
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
DEBUG = env.flag("DEBUG", False)
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
# This machine always, for the probes of containers.
ALLOWED_HOSTS = [*env.words("ALLOWED_HOSTS"), *LOCAL_HOSTS]
if DEBUG and not set(ALLOWED_HOSTS) <= set(LOCAL_HOSTS):
    raise WrongValue("DEBUG", "false wherever ALLOWED_HOSTS names more than this machine", "true")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "django_htmx",
    "django_celery_results",
    "django_celery_beat",
    # Only the files of the page behind /api/docs/.
    "drf_spectacular_sidecar",
    "tasklog",
    "tasklog.api",
    "tasklog.audit",
    "tasklog.control",
    "tasklog.notify",
    "tasklog.alerts",
    "tasklog.insights",
    "tasklog.sources",
    "tasklog.maintenance",
    "dashboard",
    "demo",
    "project",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # These two above WhiteNoise: a file opened by itself is an answer too.
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Above whatever reads a body.
    "project.bodies.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tasklog.middleware.CeleryTaskLogMiddleware",
    "dashboard.middleware.DatabaseAwayMiddleware",
    "axes.middleware.AxesMiddleware",
]

# Bytes of a request's body, and of a form in memory; what takes more says so by its path.
BODY_LIMIT = DATA_UPLOAD_MAX_MEMORY_SIZE = env.number("BODY_LIMIT", 2_621_440, least=65_536)
LONGER_BODIES: dict[str, int] = {}  # uploads are added below
# A body that brings less than a kilobyte a second for so many seconds is cut.
BODY_SECONDS = env.number("BODY_SECONDS", 60, least=1)

ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
WSGI_APPLICATION = "project.wsgi.application"

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
            ],
        },
    },
]

LANGUAGE_CODE = "en-us"
# Django moves the process's clock to this zone; logs of several machines want one.
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database, cache, mail --------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", VAR_DIR / "tasklog.sqlite3")}
_database = DATABASES["default"]
_pool = env.number("DATABASE_POOL_SIZE", 0, most=1000)
if _database["ENGINE"].endswith("sqlite3"):
    # A deferred transaction that reads and then writes fails at once, whatever the timeout.
    _database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        " PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-8000;",
    }
elif _database["ENGINE"].endswith("postgresql"):
    # A page says within moments that the database is away; a dead peer is noticed in 25 seconds.
    _database["OPTIONS"] = {
        "connect_timeout": 2,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        **_database.get("OPTIONS", {}),
    }
    # Under ASGI each request has a thread of its own, so a connection kept by age is never met
    # again; a pool is shared by all of them.
    if _pool:
        _database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": _pool, "timeout": 2}

CACHES = {"default": env.cache("CACHE_URL")}
vars().update(env.email("EMAIL_URL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "tasklog@localhost")

# --- Static files -----------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Hashed names live for ever in browsers, but need `collectstatic`: the image sets this.
# Without it the files are served from where they stand, read once at the start.
STATIC_HASHED = env.flag("STATIC_HASHED", False)
_collected = env.text("STATIC_ROOT", str(VAR_DIR / "static"))
STATIC_ROOT = _collected if STATIC_HASHED else None
WHITENOISE_USE_FINDERS = not STATIC_HASHED
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "project.storage.HashedStorage"
        if STATIC_HASHED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- People and browsers ----------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "project.login_guard.AddressGuard",
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
CSRF_FAILURE_VIEW = "dashboard.views.errors.csrf_failed"
# By name *and* address, so that nobody can lock another out by knowing the name.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = env.number("LOGIN_FAILURES", 5, least=1)
# Wrong passwords of one address in five minutes, whatever the names.
LOGIN_FAILURES_OF_ADDRESS = env.number("LOGIN_FAILURES_OF_ADDRESS", 20, least=1)
AXES_COOLOFF_TIME = 0.25  # hours
AXES_CLIENT_IP_CALLABLE = "tasklog.audit.address.address_of"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

# The site is reached by https alone: secure cookies, redirect, HSTS.
HTTPS_ONLY = env.flag("HTTPS_ONLY", False)
SESSION_COOKIE_AGE = env.number("SESSION_COOKIE_AGE", 8 * 3600, least=60)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
# The prefix makes browsers refuse the cookie from a sister domain or without https.
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS_ONLY else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS_ONLY else "csrftoken"
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SECURE_SSL_REDIRECT = HTTPS_ONLY
# A prober inside the container or cluster speaks plain http.
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
_hsts = env.number("SECURE_HSTS_SECONDS", 31536000)
SECURE_HSTS_SECONDS = _hsts if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS_ONLY
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
}

# --- Logs of the project's own ----------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "project.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": env.text("LOG_FORMAT", "text", choices=("text", "json")),
        }
    },
    "root": {
        "handlers": ["stderr"],
        "level": env.text(
            "LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
        ),
    },
}

# --- Celery -----------------------------------------------------------------------------------

_REDIS = ("redis", "rediss", "unix")
REDIS_URL = env.url("REDIS_URL", schemes=_REDIS)
# Beside a running `up`, the other commands of this folder talk to its broker.
_told = REDIS_URL or os.environ.get("CELERY_BROKER_URL")
_beside = "" if _told else running_socket(VAR_DIR / "broker")
CELERY_BROKER_URL = env.url(
    "CELERY_BROKER_URL",
    REDIS_URL or (celery_url(_beside) if _beside else "redis://127.0.0.1:6379/0"),
    schemes=("redis", "rediss", "redis+socket", "sentinel", "amqp", "amqps", "memory"),
)
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TIMEZONE = "UTC"
CELERY_TASK_TRACK_STARTED = True
# A worker without -Q consumes all of them.  `celery` is where clients that know no routes publish.
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = [
    Queue(name, routing_key=name) for name in ("high-priority", "default", "low-priority", "celery")
]
CELERY_TASK_ROUTES = {
    name: {"queue": queue}
    for queue, names in {
        # Somebody waits for it.
        "high-priority": ("demo.quick", "demo.health*", "demo.send_email", "tasklog.canary"),
        # It may take its time.
        "low-priority": (
            "demo.flood",
            "demo.clean*",
            "demo.*report*",
            "demo.*bulk*",
            "tasklog.insights.*",
        ),
    }.items()
    for name in names
}
# Without these two a task that is cut off by a shutdown or a killed child is lost.
CELERY_TASK_ACKS_LATE = env.flag("CELERY_TASK_ACKS_LATE", True)
CELERY_TASK_REJECT_ON_WORKER_LOST = CELERY_TASK_ACKS_LATE
CELERY_TASK_SOFT_TIME_LIMIT = env.number("CELERY_TASK_SOFT_TIME_LIMIT", 3300, least=1)
CELERY_TASK_TIME_LIMIT = env.number("CELERY_TASK_TIME_LIMIT", 3500, least=1)
# Redis hands a message out again after this: no task may take longer.
_visible = env.number("CELERY_VISIBILITY_TIMEOUT", CELERY_TASK_TIME_LIMIT + 100, least=1)
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": _visible}
CELERY_WORKER_PREFETCH_MULTIPLIER = env.number("CELERY_WORKER_PREFETCH_MULTIPLIER", 1)
CELERY_WORKER_MAX_TASKS_PER_CHILD = env.optional_number(
    "CELERY_WORKER_MAX_TASKS_PER_CHILD", least=1
)
# The worker's page can replace all processes of a pool.
CELERY_WORKER_POOL_RESTARTS = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
# Kilobytes: a child that holds more is replaced when its task has ended.
CELERY_WORKER_MAX_MEMORY_PER_CHILD = env.optional_number(
    "CELERY_WORKER_MAX_MEMORY_PER_CHILD", least=1024
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# Publishing from a page: say within moments that the broker is away.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}

# How the demo's tasks are tried again: demo/tasks/retrying.py.
DEMO_RETRIES = env.number("DEMO_RETRIES", 3, most=100)
DEMO_RETRY_SECONDS = env.number("DEMO_RETRY_SECONDS", 60, least=1)
DEMO_RETRY_MAX_SECONDS = env.number("DEMO_RETRY_MAX_SECONDS", 600, least=1)
DEMO_RETRY_JITTER = env.flag("DEMO_RETRY_JITTER", True)

# --- TaskLog: tasklog/conf.py explains each ---------------------------------------------------

CELERY_TASKLOG_ENABLED = env.flag("CELERY_TASKLOG_ENABLED", True)
# Higher than the app's own default, so that big logs can be tried.
CELERY_TASKLOG_MAX_LINES = env.number("CELERY_TASKLOG_MAX_LINES", 2_000_000)
CELERY_TASKLOG_RETENTION_DAYS = env.number("CELERY_TASKLOG_RETENTION_DAYS", 30, least=1)
CELERY_TASKLOG_FAILURE_RETENTION_DAYS = env.optional_number(
    "CELERY_TASKLOG_FAILURE_RETENTION_DAYS", least=1
)
CELERY_TASKLOG_ARCHIVE_AFTER_DAYS = env.number("CELERY_TASKLOG_ARCHIVE_AFTER_DAYS", 1)
CELERY_TASKLOG_CAPTURE = env.text("CELERY_TASKLOG_CAPTURE", "all", choices=("all", "base"))
CELERY_TASKLOG_EXCLUDE = env.words("CELERY_TASKLOG_EXCLUDE")
CELERY_TASKLOG_SPOOL_DIR = env.text("CELERY_TASKLOG_SPOOL_DIR", str(VAR_DIR / "spool"))
CELERY_TASKLOG_SPOOL_MAX_BYTES = env.number(
    "CELERY_TASKLOG_SPOOL_MAX_BYTES", 512 * 1024 * 1024, least=1024 * 1024
)
CELERY_TASKLOG_DRAINER = env.text(
    "CELERY_TASKLOG_DRAINER", "auto", choices=("auto", "external", "inline")
)
CELERY_TASKLOG_REDIS_URL = env.url(
    "CELERY_TASKLOG_REDIS_URL",
    REDIS_URL or (client_url(_beside) if _beside else ""),
    schemes=_REDIS,
)
CELERY_TASKLOG_MAX_LINE_BYTES = env.number("CELERY_TASKLOG_MAX_LINE_BYTES", 262_144, least=1024)
CELERY_TASKLOG_MASK = env.patterns("CELERY_TASKLOG_MASK")
CELERY_TASKLOG_RECORDER = env.number("CELERY_TASKLOG_RECORDER", 0, most=100_000)
CELERY_TASKLOG_PAYLOAD = env.text(
    "CELERY_TASKLOG_PAYLOAD", "auto", choices=("auto", "encrypted", "off")
)
# The app's own default allows none; a stranger's tasks are not ours to start.
CELERY_TASKLOG_LAUNCH = env.words("CELERY_TASKLOG_LAUNCH", ["demo.*"])
CELERY_TASKLOG_VISIBILITY = env.text("CELERY_TASKLOG_VISIBILITY")
# Higher than the app's own default, so that everybody can press the demo's buttons.
CELERY_TASKLOG_DEFAULT_ROLE = env.text(
    "CELERY_TASKLOG_DEFAULT_ROLE", "operator", choices=("", "viewer", "operator")
)
CELERY_TASKLOG_AUDIT_DAYS = env.number("CELERY_TASKLOG_AUDIT_DAYS", 365, least=365)
CELERY_TASKLOG_PROXIES = env.number("CELERY_TASKLOG_PROXIES", 0, most=10)
CELERY_TASKLOG_PROXY_ADDRESSES = env.words("CELERY_TASKLOG_PROXY_ADDRESSES", ["*"])
CELERY_TASKLOG_BACKUP_DIR = env.text("CELERY_TASKLOG_BACKUP_DIR", str(VAR_DIR / "backups"))
CELERY_TASKLOG_BACKUP_KEEP = env.number("CELERY_TASKLOG_BACKUP_KEEP", 7, least=1)
CELERY_TASKLOG_SEAL_KEYS = env.words("CELERY_TASKLOG_SEAL_KEYS")
CELERY_TASKLOG_URL = env.url(
    "CELERY_TASKLOG_URL", "http://127.0.0.1:8000", schemes=("http", "https")
)
CELERY_TASKLOG_OUTBOUND_HOSTS = env.words("CELERY_TASKLOG_OUTBOUND_HOSTS")
CELERY_TASKLOG_REPORT_TO = env.words("CELERY_TASKLOG_REPORT_TO")
CELERY_TASKLOG_EMBEDDINGS = env.text("CELERY_TASKLOG_EMBEDDINGS")
CELERY_TASKLOG_UPLOAD_DIR = env.text("CELERY_TASKLOG_UPLOAD_DIR", str(VAR_DIR / "uploads"))
CELERY_TASKLOG_UPLOAD_MAX_BYTES = env.number(
    "CELERY_TASKLOG_UPLOAD_MAX_BYTES", 100 * 1024 * 1024, least=1
)
CELERY_TASKLOG_UPLOAD_MAX_UNPACKED = env.number(
    "CELERY_TASKLOG_UPLOAD_MAX_UNPACKED", 1024 * 1024 * 1024, least=1
)
CELERY_TASKLOG_UPLOAD_FILES_A_DAY = env.number("CELERY_TASKLOG_UPLOAD_FILES_A_DAY", 20)
CELERY_TASKLOG_UPLOAD_BYTES_A_DAY = env.number(
    "CELERY_TASKLOG_UPLOAD_BYTES_A_DAY", 1024 * 1024 * 1024
)
CELERY_TASKLOG_UPLOAD_SECONDS = env.number("CELERY_TASKLOG_UPLOAD_SECONDS", 60)
CELERY_TASKLOG_SOURCE_DIRS = env.words("CELERY_TASKLOG_SOURCE_DIRS")
# A form may carry several files; each file has its own limit in the room of sources.
LONGER_BODIES |= dict.fromkeys(
    ("/sources/upload/", "/tasklog/api/uploads/", "/tasklog/api/v1/uploads/", "/demo/api/uploads/"),
    max(CELERY_TASKLOG_UPLOAD_BYTES_A_DAY, CELERY_TASKLOG_UPLOAD_MAX_BYTES),
)

ENV_NAMES = tuple(env.names)
