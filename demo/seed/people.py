"""One person of each role.  An account that is there already is never touched."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from tasklog.roles import Role, group_name

PEOPLE = {
    "vera": Role.VIEWER,
    "oskar": Role.OPERATOR,
    "ada": Role.ADMINISTRATOR,
}


def make(password: str | None) -> list[str]:
    """Makes those who are missing; returns their names.  Without a password they cannot sign in."""
    people = get_user_model()._default_manager
    name = get_user_model().USERNAME_FIELD
    there = set(people.filter(**{f"{name}__in": PEOPLE}).values_list(name, flat=True))
    missing = [one for one in PEOPLE if one not in there]
    for one in missing:
        user = people.create_user(one, f"{one}@example.com", password)
        user.groups.add(Group.objects.get(name=group_name(PEOPLE[one])))
    return missing
