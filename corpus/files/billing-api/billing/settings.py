"""Django settings of the billing service."""

import os
from datetime import timedelta
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = '{{django.secret-key}}'
DEBUG = os.environ.get("DEBUG") == "1"
ALLOWED_HOSTS = ["billing.acme.io"]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "billing",
        "USER": "billing",
        "PASSWORD": "{{corpus.symbol-password}}",
        "HOST": os.getenv("DB_HOST", "localhost"),
        "PORT": "5432",
    },
    "replica": {
        "ENGINE": "django.db.backends.postgresql",
        "PASSWORD": os.environ["REPLICA_PASSWORD"],
    },
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
PASSWORD_RESET_TIMEOUT = 3600
CSRF_COOKIE_NAME = "billing_csrftoken"
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
    "SIGNING_KEY": SECRET_KEY,
    "AUTH_TOKEN_CLASSES": ("rest_framework_simplejwt.tokens.AccessToken",),
    "TOKEN_TYPE_CLAIM": "token_type",
}

CELERY_BROKER_URL = "amqp://billing:{{corpus.password}}@mq.acme.io:5672/billing"
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "{{corpus.password}}")
AWS_S3_SECRET_ACCESS_KEY = env("AWS_S3_SECRET_ACCESS_KEY")
STRIPE_API_KEY = "{{stripe.restricted-key}}"
SENTRY_RELEASE = "billing@{{corpus.sha1}}"
TWILIO_ACCOUNT_SID = "AC{{corpus.md5}}"
TWILIO_AUTH_TOKEN = "{{twilio.auth-token}}"
FIELD_ENCRYPTION_KEY = b"{{corpus.base64-key}}"
