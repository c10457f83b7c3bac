"""The one settings module, fed by the environment. Every variable is listed in `.env.exemple`.

Without `DATABASE_URL` the portal is the demo: private PostgreSQL, invented families, mails kept in files. Production
sets `DATABASE_URL`, and then nothing secret has a default.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portail.local.postgres import url_de_la_demo
from portail.reglages_paiement import verifier_les_passerelles

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("PORTAIL_VAR") or BASE_DIR / "var")


def oui(nom: str, defaut: bool) -> bool:
    """A yes/no variable: 1, oui, true, on."""
    return os.environ.get(nom, str(defaut)).strip().lower() in {"1", "oui", "true", "on"}


def entier(nom: str, defaut: int) -> int:
    brut = os.environ.get(nom, str(defaut))
    try:
        return int(brut)
    except ValueError:
        raise ImproperlyConfigured(f"{nom} doit être un nombre entier, pas « {brut} ».") from None


def liste(nom: str, defaut: str = "") -> list[str]:
    return [mot.strip() for mot in os.environ.get(nom, defaut).split(",") if mot.strip()]


def origine(adresse: str) -> list[str]:
    """The scheme and host of an address, as a list for a policy; empty for none."""
    morceaux = urlsplit(adresse)
    return [f"{morceaux.scheme}://{morceaux.netloc}"] if morceaux.netloc else []


DEMO = oui("PORTAIL_DEMO", "DATABASE_URL" not in os.environ)


def obligatoire(nom: str, demo: str) -> str:
    """A variable that has a default in the demo only."""
    valeur = os.environ.get(nom, demo if DEMO else "")
    if not valeur:
        raise ImproperlyConfigured(f"La variable {nom} est obligatoire hors de la démonstration (voir .env.exemple).")
    return valeur


SECRET_KEY = obligatoire("SECRET_KEY", "demonstration-seulement-" + "0123456789" * 4)
DEBUG = oui("DJANGO_DEBUG", False)
ALLOWED_HOSTS = liste("ALLOWED_HOSTS", "*" if DEMO else "")
SITE_URL = obligatoire("SITE_URL", f"http://127.0.0.1:{os.environ.get('PORT', '8000')}").rstrip("/")
CSRF_TRUSTED_ORIGINS = liste("CSRF_TRUSTED_ORIGINS", "" if DEMO else SITE_URL)

INSTALLED_APPS = [
    "portail.apps.PortailConfig",
    "facturation.apps.FacturationConfig",
    "reservations.apps.ReservationsConfig",
    "comptes.apps.ComptesConfig",
    "portail.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "post_office",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "comptes.middleware.EnvoiTropLourd",
    "comptes.middleware.EnUtf8",
    "comptes.middleware.SessionInactive",
    "comptes.middleware.PagesPersonnelles",
    "comptes.middleware.MotDePasseAChanger",
    "comptes.middleware.SecondFacteurDesAgents",
    "comptes.middleware.Accompagnement",
    "comptes.middleware.HistoriqueDesAgents",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "portail.urls"
WSGI_APPLICATION = "portail.wsgi.application"

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
                "portail.contexte.portail",
            ],
            "builtins": ["comptes.templatetags.francais"],
        },
    },
]


# --- Data ------------------------------------------------------------------------------------------------------------
def base_de_donnees(url: str) -> dict:
    """A Django database from `postgresql://user:password@host:port/name?option=value`."""
    morceaux = urlsplit(url)
    if morceaux.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL doit commencer par postgresql:// (PostgreSQL seulement).")
    options = dict(parse_qsl(morceaux.query))
    # 0: no limit. The web server has limits (portail/wsgi.py); commands and the worker have long work to do.
    delais = {"statement_timeout": entier("DB_DELAI_REQUETE", 0), "lock_timeout": entier("DB_DELAI_VERROU", 0)}
    posees = " ".join(f"-c {nom}={ms}" for nom, ms in delais.items() if ms)
    if posees:
        options["options"] = f"{options.get('options', '')} {posees}".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(morceaux.path.lstrip("/")),
        "USER": unquote(morceaux.username or ""),
        "PASSWORD": unquote(morceaux.password or ""),
        "HOST": options.pop("host", unquote(morceaux.hostname or "")),
        "PORT": options.pop("port", str(morceaux.port or "")),
        "CONN_MAX_AGE": 0,  # the pool keeps the connections
        "CONN_HEALTH_CHECKS": True,  # a connection that died with its server is replaced before it fails a request
        "OPTIONS": {
            # max_size x processes stays below the server's max_connections
            # Without a server, the pauses between two attempts double: 300 s of them, the default, make two minutes
            # of delay once it is back. Nor does a request wait long for an attempt that was given up meanwhile.
            "pool": {"min_size": 1, "max_size": entier("DB_POOL_MAX", 8), "timeout": 5, "reconnect_timeout": 5},
            **options,
        },
    }


DATABASE_URL = obligatoire("DATABASE_URL", url_de_la_demo(VAR))
DATABASES = {"default": base_de_donnees(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = os.environ.get("REDIS_URL", "")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# --- Worker ----------------------------------------------------------------------------------------------------------
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, str | float]
OPTIONS_REDIS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 2,
    "visibility_timeout": 3600,
    "max_retries": 1,  # kombu's default waits six seconds, inside the request
    "interval_start": 0,
    "interval_max": 0,
}
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS = {**OPTIONS_REDIS}
else:
    CELERY_BROKER_URL = "filesystem://"
    _file = str(VAR / "celery")
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": _file,
        "data_folder_out": _file,
        "control_folder": str(VAR / "celery-controle"),
        "polling_interval": 0.05,
    }
# A broker that is down must not hold a parent's request: the periodic tasks pick up what was not announced.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Kombu may break, or stay deaf, when Redis goes while a task runs: the worker ends, and its supervisor starts it again.
CELERY_BROKER_CONNECTION_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Europe/Paris"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "envoyer-les-mots-de-passe": {"task": "comptes.tasks.envoyer_mots_de_passe", "schedule": 30.0},
    "envoyer-les-courriels": {"task": "comptes.envoi.envoyer_les_courriels", "schedule": 30.0},
    "servir-les-attentes": {"task": "reservations.tasks.servir_les_attentes", "schedule": 30.0},
    "envoyer-les-messages": {"task": "reservations.tasks.envoyer_les_messages", "schedule": 30.0},
    "rappeler": {"task": "reservations.tasks.envoyer_les_rappels", "schedule": crontab(hour=9, minute=0)},
    "echeances": {"task": "comptes.tasks.envoyer_les_echeances", "schedule": crontab(hour=9, minute=30)},
    "premieres-demandes": {
        "task": "reservations.tasks.effacer_les_premieres_demandes",
        "schedule": timedelta(hours=6),
    },
    "verifier-les-paiements": {"task": "facturation.tasks.verifier_les_paiements", "schedule": timedelta(minutes=3)},
    "proposer-les-avoirs": {"task": "facturation.tasks.proposer_les_avoirs", "schedule": crontab(hour=5, minute=30)},
    "imprimer-les-pieces": {"task": "facturation.tasks.imprimer_les_pieces", "schedule": 60.0},
    "menage": {"task": "comptes.tasks.menage", "schedule": timedelta(hours=6)},
}

# --- Mail ------------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = os.environ.get(
    "COURRIEL_EXPEDITEUR", "Portail famille de Carcassonne <ne-pas-repondre@exemple.fr>"
)
EMAIL_BACKEND = "post_office.EmailBackend"
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = entier("EMAIL_PORT", 25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = oui("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
COURRIELS_DEMO = VAR / "courriels"
EMAIL_FILE_PATH = str(COURRIELS_DEMO)
# What really sends. The demo keeps each mail as a file, shown at /demo/courriels/.
ENVOI_DES_COURRIELS = (
    "django.core.mail.backends.filebased.EmailBackend" if DEMO else "django.core.mail.backends.smtp.EmailBackend"
)
POST_OFFICE = {
    "BACKENDS": {"default": ENVOI_DES_COURRIELS},
    "CELERY_ENABLED": True,
    "DEFAULT_PRIORITY": "medium",
    "MAX_RETRIES": 20,
    "RETRY_INTERVAL": timedelta(minutes=5),
    "BATCH_SIZE": 20,  # what leaves twice when the worker is killed just before it is written that it left
    "THREADS_PER_PROCESS": 1,
}

# --- People ----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "comptes.Utilisateur"
AUTHENTICATION_BACKENDS = ["comptes.connexion.ConnexionParCourriel"]
PASSWORD_HASHERS = ["comptes.hachage.Argon2Portail"]
# Agents sign in with a second factor; the demo's accounts are public, so the demo asks for none.
SECOND_FACTEUR_AGENTS = oui("SECOND_FACTEUR_AGENTS", not DEMO)
OTP_TOTP_ISSUER = f"Portail famille {os.environ.get('VILLE_NOM', 'Carcassonne')}"
# FranceConnect, a second way in for parents: off without its issuer.
FRANCECONNECT = {
    "emetteur": os.environ.get("FRANCECONNECT_EMETTEUR", "").rstrip("/"),
    "client": os.environ.get("FRANCECONNECT_CLIENT_ID", ""),
    "secret": os.environ.get("FRANCECONNECT_CLIENT_SECRET", ""),
}
# API Particulier, which gives the quotient of the CAF or the MSA: off without the town's token.
API_PARTICULIER = {
    "url": os.environ.get("API_PARTICULIER_URL", "https://particulier.api.gouv.fr").rstrip("/"),
    "jeton": os.environ.get("API_PARTICULIER_JETON", ""),
    "recipient": "".join(os.environ.get("API_PARTICULIER_RECIPIENT", os.environ.get("VILLE_SIRET", "")).split()),
    "delai": entier("API_PARTICULIER_DELAI", 10),
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "comptes.motsdepasse.PasCourant"},
    {"NAME": "comptes.motsdepasse.PasTropLong"},
    {"NAME": "comptes.motsdepasse.PasProcheDuCourriel"},
]
LOGIN_URL = "comptes:connexion"
LOGIN_REDIRECT_URL = "portail:accueil"
SESSION_INACTIVITE = timedelta(minutes=entier("SESSION_INACTIVITE_MINUTES", 30))
SESSION_AVERTISSEMENT = timedelta(minutes=entier("SESSION_AVERTISSEMENT_MINUTES", 2))
SESSION_ENGINE = "comptes.sessions"
SESSION_COOKIE_AGE = int(SESSION_INACTIVITE.total_seconds())
# The cookie outlives the session, so that the next page can tell that it ended; the server alone counts the minutes.
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# --- Security --------------------------------------------------------------------------------------------------------
HTTPS = oui("HTTPS", not DEMO)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portail.vues_erreurs.csrf"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if oui("DERRIERE_PROXY", not DEMO) else None
# How many proxies of ours add an address to X-Forwarded-For: 0 believes nobody but the socket.
PROXYS_DE_CONFIANCE = entier("PROXYS_DE_CONFIANCE", 0 if DEMO else 1)
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        # Signing out of FranceConnect is a redirection of our form.
        "form-action": [SELF, *origine(FRANCECONNECT["emetteur"])],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
# A paper that a family sends, in bytes; and the longest request, of any kind (comptes/middleware.py: EnvoiTropLourd).
DOCUMENT_OCTETS_AU_PLUS = entier("DOCUMENT_MO_AU_PLUS", 10) * 1_000_000
ENVOI_OCTETS_AU_PLUS = 3 * DOCUMENT_OCTETS_AU_PLUS + DATA_UPLOAD_MAX_MEMORY_SIZE

# --- Town: texts that every page and mail may name -------------------------------------------------------------------
VILLE = {
    "nom": os.environ.get("VILLE_NOM", "Carcassonne"),
    "service": os.environ.get("VILLE_SERVICE", "Guichet unique des inscriptions scolaires"),
    "adresse": os.environ.get("VILLE_ADRESSE", "32 rue Aimé Ramond, 11000 Carcassonne"),
    "telephone": os.environ.get("VILLE_TELEPHONE", "04 68 00 00 00"),
    "courriel": os.environ.get("VILLE_COURRIEL", "guichet.unique@exemple.fr"),
    "cantine_telephone": os.environ.get("VILLE_CANTINE_TELEPHONE", "04 68 00 00 01" if DEMO else ""),
    "horaires": os.environ.get("VILLE_HORAIRES", "du lundi au vendredi, de 8 h 30 à 17 h"),
    "accessibilite": os.environ.get("VILLE_ACCESSIBILITE", "non conforme"),
}

# What the rooms above do around a change of a household on which its prices depend (comptes knows none of them).
AUTOUR_D_UN_CHANGEMENT = "portail.tarifs.autour_d_un_changement"

# The régie that collects: what is printed on bills, and the amounts and delays of the town.
REGIE: dict[str, Any] = {
    "nom": os.environ.get("REGIE_NOM", "Régie de recettes de la restauration scolaire"),
    "siret": os.environ.get("VILLE_SIRET", "" if not DEMO else "211 100 690 00018"),
    "comptable": os.environ.get("REGIE_COMPTABLE", "Service de gestion comptable de Carcassonne"),
    "courriel": os.environ.get("REGIE_COURRIEL", "regie@exemple.fr"),
    "telephone": os.environ.get("REGIE_TELEPHONE", "04 68 00 00 02"),
    "iban": os.environ.get("REGIE_IBAN", ""),
    "bic": os.environ.get("REGIE_BIC", ""),
    "ics": os.environ.get("REGIE_ICS", ""),
    # Days between the issue of a bill and its due date; under so many euros a debt waits for the next bill.
    "echeance_jours": entier("REGIE_ECHEANCE_JOURS", 25),
    "seuil": entier("REGIE_SEUIL", 15),
    # Days between the announcement of a direct debit and its day.
    "preavis_jours": entier("REGIE_PREAVIS_JOURS", 14),
    # Days after the due date of each reminder; days after the last one before the comptable public is told.
    "relances_jours": [entier("REGIE_RELANCE_1_JOURS", 15), entier("REGIE_RELANCE_2_JOURS", 30)],
    "transmission_jours": entier("REGIE_TRANSMISSION_JOURS", 15),
}

# The attendance of a day can be taken, or changed, for so many days.
POINTAGE_JOURS = entier("POINTAGE_JOURS", 10)

# --- Online payment (facturation/passerelle.py) ----------------------------------------------------------------------
# payfip, payzen, or nothing: bills are then paid by other means. The demo has its own PayFiP (portail/payfip_simule).
PAIEMENT_PASSERELLE = os.environ.get("PAIEMENT_PASSERELLE", "payfip" if DEMO else "")
PAYFIP = {
    "numcli": os.environ.get("PAYFIP_NUMCLI", "123456" if DEMO else ""),
    "saisie": os.environ.get("PAYFIP_SAISIE", "T"),
    "url": os.environ.get("PAYFIP_URL", f"http://127.0.0.1:{entier('PORT', 8000) + 1}" if DEMO else "").rstrip("/"),
}
# Named as eopayment names them; `secret_…` is the key of HMAC-SHA-256 for that mode.
PAYZEN = {
    "vads_site_id": os.environ.get("PAYZEN_SITE", ""),
    "vads_ctx_mode": os.environ.get("PAYZEN_MODE", "TEST"),
    "secret_test": os.environ.get("PAYZEN_CLE_TEST", ""),
    "secret_production": os.environ.get("PAYZEN_CLE_PRODUCTION", ""),
}
verifier_les_passerelles(PAIEMENT_PASSERELLE, PAYFIP, PAYZEN, demo=DEMO)

# A household with nothing booked is reminded this long before the first cut-off of the week. The sweep is daily.
RAPPEL_HEURES = entier("RAPPEL_HEURES", 48)

# A household of which nobody has heard for so long is erased by `manage.py anonymiser_dormants`.
COMPTE_DORMANT_JOURS = entier("COMPTE_DORMANT_JOURS", 730)
# A meal served less than so many days ago may not be billed yet: its household is not erased.
FACTURATION_JOURS = entier("FACTURATION_JOURS", 60)
# A first request that the town refused is deleted so many days after the answer: it names people of no household.
PREMIERE_REFUSEE_JOURS = entier("PREMIERE_REFUSEE_JOURS", 90)

# The classes of .alerte, by level: success, warning, error.
MESSAGE_TAGS = {25: "succes", 30: "attention", 40: "erreur"}

# --- Language, files -------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "fr"
TIME_ZONE = "Europe/Paris"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR / "fichiers"}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# What families upload: health papers among others. Never below a folder that a web server serves.
DOCUMENTS = Path(os.environ.get("DOCUMENTS") or VAR / "documents")
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
SILENCED_SYSTEM_CHECKS: list[str] = []
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"ligne": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"discretion": {"()": "portail.discretion.SansAdresseSecrete"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "ligne", "filters": ["discretion"]}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    # Thirty lines for each PDF otherwise; payment libraries write secrets and whole answers at DEBUG.
    "loggers": {nom: {"level": "WARNING"} for nom in ("weasyprint", "fontTools", "eopayment", "zeep")},
}
