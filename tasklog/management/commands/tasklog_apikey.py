"""API keys: make one and see it once, list them, revoke one."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Creates, lists and revokes API keys."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a key and show it once")
        create.add_argument("name")
        create.add_argument("--scopes", required=True, help="with commas between, or all")
        create.add_argument("--days", type=int, default=90, help="until it expires (90)")
        create.add_argument("--user", default="", help="sees the runs this user sees")
        verbs.add_parser("list", help="every key, without its secret")
        verbs.add_parser("revoke", help="end a key now").add_argument("prefix")

    def handle(self, *args: Any, **options: Any) -> None:
        if not apps.is_installed("tasklog.api"):
            raise CommandError('Put "tasklog.api" into INSTALLED_APPS (extra "api") and migrate.')
        getattr(self, f"_{options['verb']}")(options)

    def _create(self, options: dict[str, Any]) -> None:
        from tasklog.api.keys import create_key

        scopes = [word.strip() for word in options["scopes"].split(",") if word.strip()]
        if not 1 <= options["days"] <= 3650:
            raise CommandError(f"--days {options['days']}: give 1 to 3650")
        try:
            key, text = create_key(
                options["name"][:100], scopes, days=options["days"], user=_user(options["user"])
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{text}\n\nKeep it: it is not shown again.  {_row(key)}")

    def _list(self, options: dict[str, Any]) -> None:
        from tasklog.api.models import ApiKey

        for key in ApiKey.objects.select_related("user"):
            self.stdout.write(_row(key))

    def _revoke(self, options: dict[str, Any]) -> None:
        from tasklog.api.keys import revoke
        from tasklog.api.models import ApiKey

        if not revoke(ApiKey.objects.filter(prefix=options["prefix"])):
            raise CommandError(f"No key to revoke begins with {options['prefix']}.")
        self.stdout.write("revoked")


def _user(name: str) -> Any:
    if not name:
        return None
    people = get_user_model()
    user = people._default_manager.filter(**{people.USERNAME_FIELD: name}).first()
    if user is None:
        raise CommandError(f"There is no user called {name}.")
    return user


def _row(key: Any) -> str:
    until = f"until {key.expires_at:%Y-%m-%d}" if key.expires_at else "for ever"
    used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
    scopes = ",".join(key.scopes)
    return f"{key.prefix}…  {key.state:8}  {until}  {used}  {scopes}  {key.name}"
