"""API keys: what there is, a new one shown once, an end to one; for administrators.  WEB."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.access import administrators
from tasklog.api.keys import DAYS, LONGEST_DAYS, create_key, revoke
from tasklog.api.models import SCOPES, ApiKey

# Revoked and expired ones stay listed; the newest keys come first.
LISTED = 200


class KeyForm(forms.Form):
    """A key to make."""

    name = forms.CharField(max_length=100, help_text="What will use it.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES], widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(
        min_value=1, max_value=LONGEST_DAYS, initial=DAYS, help_text="Until it expires."
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def page(request: HttpRequest) -> HttpResponse:
    """The list and the form; a POST makes a key and shows it, this once."""
    form, made = KeyForm(request.POST if request.method == "POST" else None), ""
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        _, made = create_key(said["name"], said["scopes"], days=said["days"], request=request)
        form = KeyForm()
    keys = ApiKey.objects.select_related("user")[:LISTED]
    context = {"keys": keys, "form": form, "made": made, "listed": LISTED}
    wrong = form.is_bound and not form.is_valid()
    return render(request, "dashboard/keys/list.html", context, status=422 if wrong else 200)


@require_POST
@administrators
def end(request: HttpRequest, prefix: str) -> HttpResponse:
    """Revokes the key, now and for good."""
    key = get_object_or_404(ApiKey, prefix=prefix)
    revoke(ApiKey.objects.filter(pk=key.pk), request)
    return redirect("dashboard:keys")
