"""Saved views: who has which, and the rules for keeping one.  WEB."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.core.exceptions import SuspiciousOperation
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict

from dashboard.filters import RunFilter, understand
from dashboard.models import SavedView
from tasklog.roles import Role, role_of
from tasklog.search.problems import QueryError
from tasklog.search.query import Query, parse

# Of one person.
MOST = 50
# Chips above a list; the others stand on the page of all views.
SHOWN = 12
Page = SavedView.Page


class Refused(ValueError):
    """Cannot be kept; `field` is where that is said, the text is for people."""

    def __init__(self, field: str, said: str) -> None:
        self.field = field
        super().__init__(said)


class Bar(NamedTuple):
    """The saved views above a list: those of its page, and the filter that could be kept."""

    page: str
    views: list[SavedView]
    more: bool
    # Empty: there is no filter, or this person keeps it already.
    query: str
    here: str
    may_share: bool


def views_for(user: Any) -> QuerySet[SavedView]:
    """A person's own and what is shared."""
    seen = SavedView.objects.filter(Q(owner_id=user.pk) | Q(shared=True))
    return seen.select_related("owner").order_by("name", "pk")


def changeable(user: Any) -> QuerySet[SavedView]:
    """A person's own; for administrators what others share, too."""
    if may_share(user):
        return views_for(user)
    return SavedView.objects.filter(owner_id=user.pk)


def may_share(user: Any) -> bool:
    return role_of(user) >= Role.ADMINISTRATOR


def bar_of(user: Any, page: str, here: str) -> Bar:
    """The bar of a page whose filter is `here`, as `normalised` writes it."""
    views = list(views_for(user).filter(page=page)[: SHOWN + 1])
    kept = any(view.query == here and view.owner_id == user.pk for view in views)
    shown = views[:SHOWN]
    return Bar(page, shown, len(views) > SHOWN, "" if kept else here, here, may_share(user))


def normalised(page: str, query: str) -> str:
    """The query of an address as its page reads it, without position or anything unknown.

    Raises Refused where the page would find fault with it, or where it filters nothing.
    """
    try:
        given = QueryDict(query.removeprefix("?"))
    except SuspiciousOperation as error:
        raise Refused("query", "This filter has too many parts.") from error
    kept = _of_runs(given) if page == Page.RUNS else _of_search(given)
    if not kept:
        raise Refused("query", "There is no filter to keep: set one first.")
    return kept


def of_filter(asked: RunFilter) -> str:
    """The filter of the runs list; empty where there is none."""
    return asked.url().removeprefix("?") if asked.narrow else ""


def of_text(query: Query) -> str:
    """The query of the search page; empty where there is none."""
    return urlencode({"q": str(query)}) if query.terms else ""


def _of_runs(given: QueryDict) -> str:
    asked = RunFilter.read(given)
    if problems := understand(asked).problems:
        raise Refused("query", " ".join(problems))
    return of_filter(asked)


def _of_search(given: QueryDict) -> str:
    try:
        return of_text(parse(given.get("q", "")))
    except QueryError as error:
        raise Refused("query", " ".join(p.said for p in error.problems)) from error


def save(user: Any, page: str, query: str, name: str, *, shared: bool = False) -> SavedView:
    """Keeps the filter under this name.  Raises Refused."""
    view = SavedView(owner_id=user.pk, page=page, query=normalised(page, query))
    with transaction.atomic():
        # One at a time for each person, so that none comes in beside the last place.
        get_user_model().objects.select_for_update().get(pk=user.pk)
        if SavedView.objects.filter(owner_id=user.pk).count() >= MOST:
            told = f"You keep {MOST} views, the most there may be. Delete one first."
            raise Refused("name", told)
        return _write(user, view, name, shared)


def change(user: Any, view: SavedView, name: str, *, shared: bool) -> SavedView:
    """Another name, or shared with everybody or no longer.  Raises Refused."""
    return _write(user, view, name, shared)


def _write(user: Any, view: SavedView, name: str, shared: bool) -> SavedView:
    if shared and not may_share(user):
        raise Refused("shared", "Only administrators share views.")
    view.name, view.shared = name, shared
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        told = f"A view of this page is called “{name}” already. Give another name."
        raise Refused("name", told) from error
    return view
