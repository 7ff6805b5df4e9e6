"""The static rules see what they are there for: each is shown one example of it."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLANTED = {
    "import pickle": "TID251",
    "from pickle import loads": "TID251",
    "import marshal": "TID251",
    "import shelve": "TID251",
    "import yaml\nyaml.load(text)": "S506",
    "eval(text)": "S307",
    "exec(text)": "S102",
    "import subprocess\nsubprocess.run(text, shell=True)": "S602",
    "import requests\nrequests.get(url, verify=False, timeout=1)": "S501",
    "import httpx\nhttpx.get(url, verify=False)": "S501",
    "import requests\nrequests.get(url)": "S113",
    "from django.utils.safestring import mark_safe\nmark_safe(text)": "S308",
    "password = 'hunter2hunter2'": "S105",
    "import hashlib\nhashlib.md5(text)": "S324",
    "import tarfile\ntarfile.open(name).extractall(place)": "S202",
    "cursor.execute('SELECT ' + text + ' FROM x')": "S608",
}


@pytest.mark.parametrize("planted", PLANTED)
def test_ruff_refuses_what_runs_or_trusts_foreign_text(planted: str) -> None:
    words = ["check", "--no-cache", "--output-format=concise", "--stdin-filename=tasklog/x.py", "-"]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *words], cwd=ROOT, input=planted + "\n",
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert f" {PLANTED[planted]} " in done.stdout


@pytest.mark.parametrize(
    "planted",
    [
        "{{ line|safe }}",
        "{% autoescape off %}",
        "<script>x()</script>",
        "<style>p {}</style>",
        '<p style="color: red">',
        '<p onclick="x()">',
    ],
)
def test_the_templates_rule_refuses_what_undoes_escaping(planted: str) -> None:
    forbidden = runpy.run_path(str(ROOT / ".ci/sizes"))["forbidden"]
    assert list(forbidden(Path("x.html"), planted))
    assert not list(forbidden(Path("x.html"), '<p class="safe">{{ line }}</p>'))


def test_the_audit_fails_for_what_a_release_mends() -> None:
    weaknesses = runpy.run_path(str(ROOT / ".ci/audit"))["weaknesses"]
    package = {"name": "x", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
    assert weaknesses(package) == [("x 1.0: CVE-1, mended in 1.1", True)]
    package["vulns"] = [{"id": "CVE-2", "fix_versions": []}]
    assert weaknesses(package) == [("x 1.0: CVE-2, no release mends it yet", False)]
