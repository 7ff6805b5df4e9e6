"""Who holds which role, and what the groups of `migrate` bring."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.checks import Error
from django.core.management import call_command

from tasklog.checks import check_settings
from tasklog.models import TaskRun
from tasklog.roles import Role, group_name, own_runs, role_of

pytestmark = pytest.mark.django_db


def member(role: Role) -> User:
    user = User.objects.create_user(role.name.lower())
    user.groups.add(Group.objects.get(name=group_name(role)))
    return user


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.ADMINISTRATOR])
def test_migrate_makes_a_group_for_each_role(role: Role, settings: Any) -> None:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = ""
    assert role_of(member(role)) == role


def test_a_role_also_comes_by_a_permission_of_ones_own_or_as_superuser(settings: Any) -> None:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = ""
    user = User.objects.create_user("own")
    user.user_permissions.add(Permission.objects.get(codename="operate"))
    assert role_of(User.objects.get(pk=user.pk)) == Role.OPERATOR
    assert role_of(User.objects.create_superuser("root")) == Role.ADMINISTRATOR


@pytest.mark.parametrize(
    ("default", "role"),
    [("", Role.NOBODY), ("viewer", Role.VIEWER), ("operator", Role.OPERATOR)],
)
def test_who_holds_no_role_has_the_default_one(settings: Any, default: str, role: Role) -> None:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = default
    assert role_of(User.objects.create_user("plain")) == role
    assert role_of(AnonymousUser()) == Role.NOBODY


def test_a_viewer_is_not_lifted_by_the_default_role(settings: Any) -> None:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = "operator"
    assert role_of(member(Role.VIEWER)) == Role.VIEWER


def test_a_default_role_of_administrator_is_refused(settings: Any) -> None:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = "administrator"
    (found,) = check_settings()
    assert isinstance(found, Error)
    assert "is 'administrator'" in found.msg


@pytest.mark.parametrize(("days", "fine"), [(364, False), (365, True), (0, False)])
def test_the_trail_is_kept_for_a_year_at_least(settings: Any, days: int, fine: bool) -> None:
    settings.CELERY_TASKLOG_AUDIT_DAYS = days
    assert (not check_settings()) is fine


def test_a_network_that_is_none_is_refused(settings: Any) -> None:
    settings.CELERY_TASKLOG_PROXY_ADDRESSES = ["10.0.0.0/8", "proxy.example"]
    (found,) = check_settings()
    assert "'proxy.example'" in found.msg


def test_a_group_that_its_owner_changed_stays_so() -> None:
    group = Group.objects.get(name=group_name(Role.VIEWER))
    group.permissions.clear()
    call_command("migrate", verbosity=0)
    assert not group.permissions.exists()


def test_permissions_are_there_when_the_app_comes_before_auth() -> None:
    from tasklog.roles import make_groups

    Group.objects.all().delete()
    Permission.objects.filter(content_type__app_label="tasklog").delete()
    make_groups(apps.get_app_config("tasklog"), "default")
    assert Group.objects.get(name="TaskLog operator").permissions.get().codename == "operate"


def test_own_runs_shows_everybody_theirs_and_administrators_all() -> None:
    for name in ("viewer", "operator", "administrator", ""):
        TaskRun.objects.create(task_id=f"by-{name}", triggered_by=name)
    runs = TaskRun.objects.all()
    operator = set(own_runs(member(Role.OPERATOR), runs).values_list("pk", flat=True))
    assert operator == {"by-operator"}
    assert own_runs(member(Role.ADMINISTRATOR), runs).count() == 4
    assert not own_runs(AnonymousUser(), runs).exists()
