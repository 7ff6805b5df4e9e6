"""System checks: settings that cannot work, or would surprise their owner.  BOTH.

`E` stops the start, `W` is said and may be silenced; docs/configuration.md explains the settings.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.utils.module_loading import import_string

from tasklog.capture.redact import problem
from tasklog.conf import PREFIX, Conf, conf

CAPTURE = ("all", "base")
PAYLOAD = ("auto", "encrypted", "off")
DRAINER = ("auto", "external", "inline")
ROLES = ("", "viewer", "operator")


@register("tasklog")
def check_settings(app_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    """The values of CELERY_TASKLOG_…"""
    try:
        found = conf()
    except (TypeError, ValueError) as error:
        return [_error(1, "", f"cannot be read: {error}", "See docs/configuration.md.")]
    return [
        *_words(found), *_numbers(found), *_spool(found), *_visibility(found), *_mask(found),
        *_proxies(found),
    ]  # fmt: skip


@register("tasklog")
def check_celery(app_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    """What Celery is told."""
    accepted = set(current_app.conf.accept_content or ())
    messages: list[CheckMessage] = []
    if accepted & {"pickle", "application/x-python-serialize", "yaml"}:
        hint = 'Set CELERY_ACCEPT_CONTENT = ["json"]: who reaches the broker runs code otherwise.'
        messages.append(Warning("Celery accepts pickle or yaml.", hint=hint, id="tasklog.W001"))
    kept = str(current_app.conf.result_backend or "").startswith("django")
    if kept and not current_app.conf.result_extended:
        hint = "Set CELERY_RESULT_EXTENDED = True: names and arguments are missing otherwise."
        messages.append(Warning("Results are not extended.", hint=hint, id="tasklog.W002"))
    return messages


@register(Tags.security, deploy=True)
def check_deploy(app_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    """What must hold where others can reach it."""
    return [*_csp(), *_hosts(), *_inline(), *_eviction(), *_shared_spool()]


def _words(found: Conf) -> Iterator[CheckMessage]:
    if found.capture not in CAPTURE:
        yield _error(2, "CAPTURE", f"is {found.capture!r}", f"Give one of {', '.join(CAPTURE)}.")
    if found.drainer not in DRAINER:
        yield _error(3, "DRAINER", f"is {found.drainer!r}", f"Give one of {', '.join(DRAINER)}.")
    if found.payload not in PAYLOAD:
        yield _error(12, "PAYLOAD", f"is {found.payload!r}", f"Give one of {', '.join(PAYLOAD)}.")
    if found.default_role not in ROLES:
        words = ", ".join(map(repr, ROLES))
        yield _error(10, "DEFAULT_ROLE", f"is {found.default_role!r}", f"Give one of {words}.")
    schemes = ("redis://", "rediss://", "unix://", "redis+socket://")
    if found.redis_url and not found.redis_url.startswith(schemes):
        yield _error(4, "REDIS_URL", "is no address of a Redis", f"Begin with {schemes[0]}…")


def _numbers(found: Conf) -> Iterator[CheckMessage]:
    least = {
        "max_lines": 0, "retention_days": 1, "failure_retention_days": 1,
        "archive_after_days": 0, "spool_max_bytes": 1024 * 1024, "max_line_bytes": 64,
        "recorder": 0,
        "audit_days": 365, "proxies": 0, "backup_keep": 1,
    }  # fmt: skip
    for name, low in least.items():
        value = getattr(found, name)
        if name == "failure_retention_days" and value is None:
            continue
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not value >= low:
            yield _error(5, name.upper(), f"is {value!r}", f"Give a number of at least {low:,}.")


def _spool(found: Conf) -> Iterator[CheckMessage]:
    if found.drainer == "inline":
        return
    folder = found.spool_dir
    above = (folder, *folder.absolute().parents)
    there = next((path for path in above if path.exists()), Path("/"))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        hint = f"Make {folder} a folder that workers and the drainer may write to."
        yield _error(6, "SPOOL_DIR", "cannot be written to", hint)


def _visibility(found: Conf) -> Iterator[CheckMessage]:
    rule: Any = found.visibility
    try:
        rule = import_string(rule) if isinstance(rule, str) and rule else rule
    except ImportError as error:
        yield _error(7, "VISIBILITY", f"cannot be imported: {error}", "Give a dotted path.")
        return
    if rule and not callable(rule):
        yield _error(7, "VISIBILITY", "is no callable", "It takes (user, runs) and returns runs.")


def _proxies(found: Conf) -> Iterator[CheckMessage]:
    for network in found.proxy_addresses:
        try:
            if network != "*":
                ip_network(network, strict=False)
        except ValueError:
            hint = "Give addresses or networks such as 10.0.0.0/8, or *."
            yield _error(11, "PROXY_ADDRESSES", f"names {network!r}", hint)


def _mask(found: Conf) -> Iterator[CheckMessage]:
    if found.mask and (why := problem()):
        hint = "Until it can be used, every captured line is hidden rather than shown unmasked."
        yield Error(why, hint=hint, id="tasklog.E008")


def _csp() -> Iterator[CheckMessage]:
    if not getattr(settings, "SECURE_CSP", None):
        hint = "Set SECURE_CSP; the dashboard works under script-src 'self', style-src 'self'."
        yield Warning("No content security policy.", hint=hint, id="tasklog.W003")


def _hosts() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        hint = "Name the hosts: links and redirects are built from what the caller sends otherwise."
        yield Warning("ALLOWED_HOSTS allows every host.", hint=hint, id="tasklog.W006")


def _inline() -> Iterator[CheckMessage]:
    if conf().drainer == "inline":
        hint = "Use auto: a task's rollback takes its lines away otherwise."
        yield Warning(f"{PREFIX}DRAINER is inline.", hint=hint, id="tasklog.W004")


def _eviction() -> Iterator[CheckMessage]:
    """Only where the broker answers; the diagnostics page asks again while it runs."""
    from tasklog.health import run_probes

    for probe in run_probes(["eviction"]):
        if probe.ok is False and "allkeys" in probe.value:
            told = f"The broker's Redis evicts: {probe.value}."
            yield Error(told, hint=probe.advice, id="tasklog.E009")


def _shared_spool() -> Iterator[CheckMessage]:
    if conf().drainer != "inline" and f"{PREFIX}SPOOL_DIR" not in dir(settings):
        hint = f"Set {PREFIX}SPOOL_DIR to a folder of this project's own that survives a restart."
        yield Warning("The spool is in the temporary folder.", hint=hint, id="tasklog.W005")


def _error(number: int, name: str, told: str, hint: str) -> Error:
    return Error(f"{PREFIX}{name} {told}.", hint=hint, id=f"tasklog.E{number:03}")
