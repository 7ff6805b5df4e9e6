"""A link that logs one person in, once, within an hour: printed by `up`, never sent anywhere."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model, login
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

SALT = "project.login_link"
MAX_AGE_SECONDS = 3600


def path_for(user: Any) -> str:
    """The path of a fresh link for this user."""
    token = signing.dumps([user.pk, _fingerprint(user)], salt=SALT)
    return reverse("login_link", args=[token])


@require_GET
@never_cache
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Logs in and goes to the first page; a used, old or forged link goes to the login form."""
    user = _redeem(token)
    if user is None:
        return redirect("login")
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("/")


def _redeem(token: str) -> Any:
    """The user, once: the guarded UPDATE moves `last_login`, which every link is signed with."""
    try:
        pk, fingerprint = signing.loads(token, salt=SALT, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return None
    users = get_user_model().objects.filter(pk=pk, is_active=True)
    user = users.first()
    if user is None or _fingerprint(user) != fingerprint:
        return None
    moved = users.filter(last_login=user.last_login).update(last_login=timezone.now())
    return user if moved else None


def _fingerprint(user: Any) -> str:
    return salted_hmac(SALT, f"{user.password}{user.last_login}").hexdigest()[:32]
