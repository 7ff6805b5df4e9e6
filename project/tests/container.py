"""Builds the image without a daemon and runs it as compose.yaml would, with a kernel's own means.

Nothing can be pulled here, so the base is a Debian made by `debootstrap` in place of the official
Python image.  A role runs in the image's files, mounted read-only, as the image's user, with no
capability and no way to gain one; network and process ids are the machine's.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conftest import ROOT

PROGRAMS = ("buildah", "debootstrap", "unshare", "chroot")
RELEASE = "trixie"
# Compose comes along as a program of this Debian's own: the machine may have none.
PACKAGES = "python3,python3-venv,python-is-python3,ca-certificates,docker-compose"
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")

# A private view of the mounts; only the bind mount becomes read-only, not the files behind it.
RESTRICTED = """
mount --bind "$IMAGE" "$IMAGE"
mount --rbind /proc "$IMAGE/proc"
mount --rbind /dev "$IMAGE/dev"
mount -t tmpfs tmpfs "$IMAGE/tmp"
mount --bind "$SPOOL" "$IMAGE/var/lib/tasklog/spool"
mount -o remount,ro,bind "$IMAGE"
exec chroot "$IMAGE" setpriv --reuid "$RUN_AS" --regid "$RUN_AS" --clear-groups \
  --ambient-caps=-all --bounding-set=-all --no-new-privs \
  env -i -C "$FOLDER" "$@"
"""


def missing() -> str:
    """Why nothing can be built here; empty where it can."""
    if os.geteuid() != 0:
        return "needs root: chroot and mounts"
    lacking = [program for program in PROGRAMS if not shutil.which(program)]
    return f"not installed: {', '.join(lacking)}" if lacking else ""


def make_debian(folder: Path) -> None:
    """A small Debian with Python and Compose; trusts whom this machine trusts."""
    words = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", RELEASE, str(folder)]
    _run(*words, os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian"))
    if TRUSTED.exists():
        shutil.copy(TRUSTED, folder / TRUSTED.relative_to("/"))


@dataclass
class Image:
    """The image, its files and what it says of itself."""

    store: Path
    root: Path = field(init=False)
    config: dict[str, Any] = field(init=False)
    history: str = field(init=False)

    def build(self, debian: Path) -> None:
        base = self._buildah("from", "scratch")
        self._buildah("copy", "-q", base, str(debian), "/")
        self._buildah("commit", "-q", base, "localhost/base")
        self._buildah(
            "build", "--format=docker", "--isolation=chroot", "--network=host",
            "--from=localhost/base", "--tag=localhost/tasklog", str(ROOT),
        )  # fmt: skip
        container = self._buildah("from", "localhost/tasklog")
        self.root = Path(self._buildah("mount", container))
        said = json.loads(self._buildah("inspect", "--type=image", "localhost/tasklog"))
        self.config = said["Docker"]["config"]
        self.history = json.dumps(said["Docker"]["history"])

    def buildah_run(self, *command: str) -> str:
        """The output of a command in a container of buildah's own."""
        container = self._buildah("from", "localhost/tasklog")
        flags = ("--isolation=chroot", "--network=host", f"--user={self.config['User']}")
        return self._buildah("run", *flags, container, "--", *command)

    def close(self) -> None:
        self._buildah("umount", "--all")
        self._buildah("rm", "--all")
        self._buildah("rmi", "--all", "--force")

    def _buildah(self, *words: str) -> str:
        stores = ("--root", str(self.store / "root"), "--runroot", str(self.store / "run"))
        return _run("buildah", *stores, *words)


@dataclass
class Machine:
    """Roles that run from the image side by side, sharing one spool."""

    image: Image
    folder: Path
    environment: dict[str, str]
    roles: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spool = self.folder / "spool"
        self.spool.mkdir(mode=0o700)
        user = int(self.image.config["User"])
        os.chown(self.spool, user, user)

    def start(self, role: str, command: list[str], **env: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{role}.log").open("wb")
        self.roles[role] = subprocess.Popen(
            self._words(command, env), env=self._outside(), stdout=log, stderr=subprocess.STDOUT
        )
        return self.roles[role]

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Runs to its end; the output is one text."""
        return subprocess.run(
            self._words(list(command), env), env=self._outside(), text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=90,
        )  # fmt: skip

    def log(self, role: str) -> str:
        return (self.folder / f"{role}.log").read_text(errors="replace")

    def stop(self, role: str) -> int:
        """Its exit code after SIGTERM."""
        process = self.roles.pop(role)
        process.send_signal(signal.SIGTERM)
        return process.wait(30)

    def close(self) -> None:
        for process in self.roles.values():
            process.kill()
            process.wait(10)

    def _words(self, command: list[str], env: dict[str, str]) -> list[str]:
        image = dict(pair.split("=", 1) for pair in self.image.config["Env"])
        values = {**image, "HOSTNAME": os.uname().nodename, **self.environment, **env}
        pairs = [f"{name}={value}" for name, value in values.items()]
        return ["unshare", "--mount", "sh", "-ec", RESTRICTED, "sh", *pairs, *command]

    def _outside(self) -> dict[str, str]:
        """What the script is told."""
        return {
            "PATH": os.environ["PATH"],
            "IMAGE": str(self.image.root),
            "SPOOL": str(self.spool),
            "RUN_AS": self.image.config["User"],
            "FOLDER": self.image.config["WorkingDir"],
        }


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words[:6])} …\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout.strip()
