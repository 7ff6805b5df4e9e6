"""Who may do what: three roles, each of which holds what the one below it does.  WEB.

A role is a permission of Django's, so it comes with a group, with a user's own permissions or with
being a superuser.  `migrate` makes a group for each.  Keys hold scopes instead, see `tasklog.api`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from django.apps import AppConfig, apps

from tasklog.conf import conf


class Role(IntEnum):
    """In order: `role_of(user) >= Role.OPERATOR` asks for a right."""

    NOBODY = 0
    VIEWER = 1  # sees runs and their lines
    OPERATOR = 2  # starts tasks
    ADMINISTRATOR = 3  # reads the audit trail


PERMISSIONS = {
    Role.ADMINISTRATOR: "administer",
    Role.OPERATOR: "operate",
    Role.VIEWER: "view_taskrun",
}


def role_of(user: Any) -> Role:
    """The highest role this user holds; CELERY_TASKLOG_DEFAULT_ROLE for one who holds none."""
    if not user.is_authenticated:
        return Role.NOBODY
    for role, permission in PERMISSIONS.items():
        if user.has_perm(f"tasklog.{permission}"):
            return role
    return Role[conf().default_role.upper()] if conf().default_role else Role.NOBODY


def sees_all(user: Any) -> bool:
    """May this person be told of all runs together?

    Where a rule says who sees which runs, counts and titles would tell of the others'.
    """
    return not conf().visibility or role_of(user) >= Role.ADMINISTRATOR


def own_runs(user: Any, runs: Any) -> Any:
    """A rule for CELERY_TASKLOG_VISIBILITY: who is no administrator sees what they started."""
    if not user.is_authenticated:
        return runs.none()
    if role_of(user) >= Role.ADMINISTRATOR:
        return runs
    return runs.filter(triggered_by=user.get_username())


def group_name(role: Role) -> str:
    """`TaskLog viewer`: no group of a project's own is called so, and gains rights by it."""
    return f"TaskLog {role.name.lower()}"


def make_groups(sender: AppConfig, using: str, **_: Any) -> None:
    """After `migrate`: a group for each role.  One that is there stays as its owner made it."""
    from django.db import router

    if not apps.is_installed("django.contrib.auth"):
        return
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    if not router.allow_migrate_model(using, Group):
        return
    create_permissions(sender, verbosity=0, using=using)
    ours = Permission.objects.using(using).filter(content_type__app_label="tasklog")
    for role, permission in PERMISSIONS.items():
        group, made = Group.objects.using(using).get_or_create(name=group_name(role))
        if made:
            group.permissions.add(ours.get(codename=permission))
