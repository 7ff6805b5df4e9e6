"""Saved views: all of a person's, a new one, another name for one, an end to one.  WEB."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.access import signed_in
from dashboard.models import LONGEST_NAME, SavedView
from dashboard.saved import MOST, Refused, change, changeable, may_share, save, views_for
from tasklog.audit.trail import record

# A filter has six parts of 500 characters at most; one may be twelve bytes in an address.
LONGEST_QUERY = 40_000


class NameForm(forms.Form):
    """What a view is called, and whether everybody sees it."""

    name = forms.CharField(max_length=LONGEST_NAME)
    shared = forms.BooleanField(required=False, label="For everybody")


class SaveForm(NameForm):
    """A view to keep."""

    page = forms.ChoiceField(choices=SavedView.Page.choices, widget=forms.HiddenInput)
    query = forms.CharField(
        max_length=LONGEST_QUERY, required=False, label="Filter", widget=forms.HiddenInput
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """All views; a POST keeps one and leads to it."""
    if request.method != "POST":
        return _list(request)
    form = SaveForm(request.POST)
    try:
        if form.is_valid():
            said = form.cleaned_data
            view = save(
                request.user, said["page"], said["query"], said["name"], shared=said["shared"]
            )
            record("view", request=request, target=f"save {view.name}")
            return redirect(view.url)
    except Refused as refused:
        form.add_error(refused.field, str(refused))
    return _list(request, form=form)


@require_POST
@signed_in
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name for one, or other readers."""
    view, form = get_object_or_404(changeable(request.user), pk=pk), NameForm(request.POST)
    try:
        if form.is_valid():
            said = form.cleaned_data
            change(request.user, view, said["name"], shared=said["shared"])
            record("view", request=request, target=f"change {view.name}")
            return redirect("dashboard:views")
    except Refused as refused:
        form.add_error(refused.field, str(refused))
    return _list(request, wrong=(pk, form))


@require_POST
@signed_in
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """An end to one, for all who saw it."""
    view = get_object_or_404(changeable(request.user), pk=pk)
    view.delete()
    record("view", request=request, target=f"delete {view.name}")
    return redirect("dashboard:views")


def _list(
    request: HttpRequest, form: SaveForm | None = None, wrong: tuple[int, NameForm] | None = None
) -> HttpResponse:
    share = may_share(request.user)
    context: dict[str, Any] = {"form": form, "most": MOST, "may_share": share, "rows": []}
    for view in views_for(request.user):
        mine = view.owner_id == request.user.pk
        bound = wrong[1] if wrong and wrong[0] == view.pk else None
        context["rows"].append({"view": view, "change": mine or share, "mine": mine, "form": bound})
    status = 422 if form or wrong else 200
    return render(request, "dashboard/saved/list.html", context, status=status)
