"""Schedules of django-celery-beat: in words, their next and last runs, and what people do to them.

WEB; `beat` alone works in beat's process.  Only `models` may be imported where django-celery-beat
is not installed: ask `installed()` first.
"""

from __future__ import annotations

from django.apps import apps


def installed() -> bool:
    """Whether there are schedules here to look at."""
    return apps.is_installed("django_celery_beat") and apps.is_installed("tasklog.control")
