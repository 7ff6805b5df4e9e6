"""What people do to uploads and connections, each an Action with its word.  WEB."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from tasklog.control.actions import Action, Outcome, done, failed, unknown
from tasklog.control.link import BrokerAway, link
from tasklog.keeping import keep
from tasklog.notify.transport import TransportError
from tasklog.roles import Role
from tasklog.sealing import Unreadable
from tasklog.sources import connections, poll, uploads
from tasklog.sources.models import Connection
from tasklog.sources.refused import Refused


def _save(connection: Connection, *, settings: dict[str, Any]) -> Outcome:
    connection.settings = settings
    if connection.pk is None:
        with transaction.atomic():
            connection.save()
        return done(f"{connection} is fetched from now on.", connection)
    with transaction.atomic():
        keep(connection, "name", "interval", "sealed")
        connections.resume(connection) if connection.enabled else None
    return done(f"{connection} was changed.", connection)


def _pause(connection: Connection) -> Outcome:
    connections.pause(connection)
    return done(f"{connection} is paused; it goes on where it is.")


def _resume(connection: Connection) -> Outcome:
    connections.resume(connection)
    return done(f"{connection} goes on.")


def _test(connection: Connection) -> Outcome:
    try:
        return done(f"{connection}: {poll.test(connection)}")
    except TransportError as error:
        told = f"{connection}: {error}"
        return failed(told) if error.permanent else unknown(told)
    except Unreadable:
        return failed(f"{connection}: its settings cannot be unsealed. Enter them again.")


def _poll(connection: Connection) -> Outcome:
    """A worker fetches it now; the next time by itself is not put off."""
    from tasklog.sources.tasks import poll_cloud_logs

    if not connection.enabled:
        return failed(f"{connection} is paused. Resume it first.")
    try:
        with link() as broker:
            options: dict[str, Any] = {"connection": broker, "retry": False}
            poll_cloud_logs.apply_async((connection.pk,), **options)
    except BrokerAway as away:
        return failed(f"{connection} is not polled. {away}", away)
    return done(f"{connection} is polled now, unless a worker is at it already.")


def _delete(connection: Connection) -> Outcome:
    connections.delete(connection)
    return done(f"{connection} is deleted; its lines stay.")


def _take(name: str, stream: Any, **more: Any) -> Outcome:
    try:
        upload = uploads.take(stream, name, **more)
    except Refused as refused:
        return failed(f"{name}: {refused}", refused)
    return done(f"{name} is on its way.", upload)


UPLOAD = Action("upload", "Upload", _take)
SAVE = Action("source", "Save", _save, Role.ADMINISTRATOR)
VERBS = {
    "pause": Action("source", "Pause", _pause, Role.ADMINISTRATOR),
    "resume": Action("source", "Resume", _resume, Role.ADMINISTRATOR),
    "poll": Action("source", "Poll now", _poll, Role.ADMINISTRATOR),
    "test": Action("source", "Test", _test, Role.ADMINISTRATOR),
    "delete": Action("source", "Delete", _delete, Role.ADMINISTRATOR, dangerous=True),
}
