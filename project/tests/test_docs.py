"""The documentation says what the code does: names, commands, links and addresses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import resolve

from project import gunicorn_conf

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()
# Read elsewhere than in the settings: by `up`, its broker, and the browser tests.
ELSEWHERE = {
    "DJANGO_SUPERUSER_USERNAME": "project/instance.py",
    "DJANGO_SUPERUSER_PASSWORD": "project/instance.py",
    "DJANGO_SUPERUSER_EMAIL": "project/instance.py",
    "TASKLOG_BROKER_PROGRAM": "project/broker.py",
    "CHROMIUM_PATH": "e2e/conftest.py",
    "REQUIRE_BROWSER": "e2e/conftest.py",
}


def documented() -> set[str]:
    return set(re.findall(r"^\| `([A-Z_]+)` \|", CONFIGURATION, re.MULTILINE))


def test_every_variable_is_documented_and_every_documented_one_exists() -> None:
    assert gunicorn_conf.env.names.keys() >= set(settings.ENV_NAMES)
    assert documented() == set(gunicorn_conf.env.names) | set(ELSEWHERE)


@pytest.mark.parametrize(("name", "path"), ELSEWHERE.items())
def test_what_is_read_elsewhere_is_read_there(name: str, path: str) -> None:
    assert name in (ROOT / path).read_text()


def test_the_example_environment_names_only_what_exists() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    known = documented() | set(re.findall(r"\$\{([A-Z_]+)[:}]", compose))
    names = re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert names
    assert set(names) <= known


def test_the_compose_file_sets_only_what_exists() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    block = compose.split("environment: &environment")[1].split("volumes:")[0]
    assert set(re.findall(r"^    ([A-Z_]+):", block, re.MULTILINE)) <= documented()


def test_the_two_commands_are_there() -> None:
    readme = (ROOT / "README.md").read_text()
    for command in ("python manage.py up", "pytest"):
        assert f"\npip install uv && python3 -m uv run {command}\n" in readme


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text()
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target:
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_addresses_resolve(document: Path) -> None:
    """Whatever stands in backticks as `/path/` is an address of the project."""
    for path in re.findall(r"`(?:GET |POST )?(/[\w<>./-]*)(?:\?[^`]*)?`", document.read_text()):
        if (
            not path.startswith(("/var", "/tmp", "/usr", "/dev", "/etc", "/proc"))
            and "…" not in path
        ):
            resolve(re.sub(r"<[^>]+>", "x", path))
