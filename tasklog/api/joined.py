"""Rooms above the API add addresses to it.  WEB.

An app names its module in `ready`; its `urlpatterns` begin with `api/`, as those of the API do.
"""

from __future__ import annotations

from importlib import import_module

from django.urls import URLPattern

_modules: list[str] = []


def join(module: str) -> None:
    """The addresses of this module stand among those of the API, with and without a version."""
    if module not in _modules:
        _modules.append(module)


def addresses() -> list[URLPattern]:
    """Those of all who joined."""
    return [one for module in _modules for one in import_module(module).urlpatterns]
