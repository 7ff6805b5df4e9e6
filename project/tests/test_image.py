"""The image is built and each role started from it, with the limits and commands of compose.yaml.

Runs where buildah and debootstrap are installed and a PostgreSQL answers; takes two minutes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess

import pytest

from conftest import ROOT, wait_for
from project.tests import container

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(container.missing()), reason=container.missing()),
]
PASSWORDS = {
    "SECRET_KEY": "a-key-for-the-image-test-that-is-long-enough-to-please-everybody",
    "ALLOWED_HOSTS": "tasklog.example.com",
    "POSTGRES_PASSWORD": "pg-canary",
    "REDIS_PASSWORD": "redis-canary",
}
OURS = {"migrate", "web", "worker", "drainer", "beat"}
THEIRS = {"postgres", "redis"}


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    folder = tmp_path_factory.mktemp("debian")
    container.make_debian(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def image(debian, tmp_path_factory):
    image = container.Image(tmp_path_factory.mktemp("store"))
    image.build(debian)
    yield image
    image.close()


@pytest.fixture(scope="module")
def compose(debian):
    """`compose(environment, *words)`: what Compose makes of compose.yaml, and its exit code."""
    (debian / "srv/tasklog").mkdir()
    shutil.copy(ROOT / "compose.yaml", debian / "srv/tasklog")

    def run(environment=PASSWORDS, *words):
        command = ["docker-compose", "--project-directory=/srv/tasklog", *words]
        return subprocess.run(
            ["chroot", str(debian), *command, "config", "--format=json"],
            env={"PATH": "/usr/bin:/usr/sbin", **environment},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


@pytest.fixture(scope="module")
def services(compose):
    done = compose()
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["services"]


def test_compose_knows_every_role_and_flower_only_on_demand(compose, services):
    assert set(services) == OURS | THEIRS
    with_flower = json.loads(compose(PASSWORDS, "--profile=flower").stdout)["services"]
    assert set(with_flower) == OURS | THEIRS | {"flower"}


@pytest.mark.parametrize("name", PASSWORDS)
@pytest.mark.parametrize("value", [None, ""], ids=["missing", "empty"])
def test_compose_refuses_an_empty_password_by_its_name(compose, name, value):
    given = {key: word for key, word in PASSWORDS.items() if key != name}
    done = compose(given if value is None else {**given, name: value})
    assert done.returncode != 0
    assert f"set {name} in .env" in done.stderr


@pytest.mark.parametrize("role", sorted(OURS))
def test_a_role_may_do_nothing_it_does_not_need(services, role):
    service = services[role]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]
    assert service["pids_limit"] > 0
    assert int(service["mem_limit"]) >= 512 * 2**20
    assert "user" not in service, "the image's own user is meant"
    assert [(v["type"], v["source"], v["target"]) for v in service["volumes"]] == [
        ("volume", "spool", "/var/lib/tasklog/spool")
    ]


def test_only_the_proxy_on_this_machine_reaches_a_port(compose):
    services = json.loads(compose(PASSWORDS, "--profile=flower").stdout)["services"]
    published = {
        (name, port["host_ip"], port["target"])
        for name, service in services.items()
        for port in service.get("ports", ())
    }
    assert published == {("web", "127.0.0.1", 8000), ("flower", "127.0.0.1", 5555)}


def test_roles_start_after_the_migrations_and_those_after_the_healthy_database(services):
    for name in THEIRS:
        assert services[name]["healthcheck"]["test"]
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for role in OURS - {"migrate"}:
        conditions = {name: how["condition"] for name, how in services[role]["depends_on"].items()}
        assert conditions == {
            "migrate": "service_completed_successfully",
            "postgres": "service_healthy",
            "redis": "service_healthy",
        }


def test_a_full_redis_refuses_and_keeps_what_it_has(services):
    command = " ".join(services["redis"]["command"])
    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command


def test_the_image_says_who_runs_it_and_how_it_is_asked(image):
    assert int(image.config["User"]) >= 10_000
    assert image.config["Cmd"] == ["gunicorn", "-c", "python:project.gunicorn_conf"]
    assert image.config["Healthcheck"]["Test"][0] == "CMD"
    assert "/var/lib/tasklog/spool" in image.config["Volumes"]


def test_the_image_holds_the_product_and_nothing_else_of_the_checkout(image):
    assert {path.name for path in (image.root / "app").iterdir()} == {
        "manage.py", "tasklog", "dashboard", "demo", "project", "templates", "static", "collected",
    }  # fmt: skip
    assert not list((image.root / "app").rglob("tests"))
    assert not [path for path in (image.root / "app").rglob("*") if path.name.startswith(".env")]


def test_no_key_is_left_in_the_image(image):
    assert "SECRET_KEY" not in image.history
    assert not [pair for pair in image.config["Env"] if re.match(r"(SECRET|.*PASSWORD)", pair)]
    assert not list((image.root / "var/lib/tasklog").rglob("secret_key"))


def test_nothing_in_the_image_belongs_to_its_user_but_its_own_folder(image):
    """What it runs it cannot change, even where the root file system can be written."""
    user = int(image.config["User"])
    owned = {
        str(path.relative_to(image.root))
        for folder in ("app", "venv", "var/lib")
        for path in (image.root / folder).rglob("*")
        if path.lstat().st_uid == user
    }
    assert owned == {"var/lib/tasklog", "var/lib/tasklog/spool"}


def test_buildah_itself_runs_it_as_that_user(image):
    assert image.buildah_run("id", "-u").splitlines()[-1] == image.config["User"]


@pytest.fixture(scope="module")
def database_url():
    """A database of this test's own."""
    psycopg = pytest.importorskip("psycopg")
    server = os.environ.get("CI_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/x")
    server, name = server.rpartition("/")[0], f"tasklog_image_{os.getpid()}"
    try:
        admin = psycopg.connect(f"{server}/postgres", autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL answers: {error}")
    admin.execute(f"CREATE DATABASE {name}")
    yield f"{server}/{name}"
    admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory, services):
    """A Redis server as compose.yaml starts it, on a port of its own."""
    from project.broker import find_program

    port = free_port()
    words = services["redis"]["command"][-1].replace("$$", "$").removeprefix("exec redis-server ")
    options = f"{words} --port {port} --dir {tmp_path_factory.mktemp('redis')}"
    process = subprocess.Popen(
        ["sh", "-c", f"exec {find_program()} {options}"],
        env={"REDISCLI_AUTH": PASSWORDS["REDIS_PASSWORD"]}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    yield f"redis://:{PASSWORDS['REDIS_PASSWORD']}@127.0.0.1:{port}/0"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def machine(image, services, database_url, redis_url, tmp_path_factory):
    """The image with the environment of compose.yaml, and servers it can reach."""
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    given = services["worker"]["environment"] | servers
    machine = container.Machine(image, tmp_path_factory.mktemp("machine"), given)
    migrated = machine.run(*services["migrate"]["command"])
    assert migrated.returncode == 0, migrated.stdout
    yield machine
    machine.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def test_the_limits_hold(machine):
    done = machine.run(
        "sh", "-c",
        "id -u; grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs)' /proc/self/status; "
        "touch /app/x; touch /var/lib/tasklog/x; touch /tmp/x && echo tmp; "
        "touch $TASKLOG_VAR/spool/x && echo spool",
    )  # fmt: skip
    told = done.stdout.split()
    assert told[0] == machine.image.config["User"]
    assert told.count("0000000000000000") == 3
    assert re.search(r"NoNewPrivs:\s+1", done.stdout)
    assert done.stdout.count("Read-only file system") == 2
    assert told[-2:] == ["tmp", "spool"]


def test_the_deployment_check_is_clean(machine):
    done = machine.run("python", "manage.py", "check", "--deploy", "--fail-level=WARNING")
    assert done.returncode == 0, done.stdout


def test_a_missing_key_is_one_clear_sentence(machine):
    done = machine.run(*machine.image.config["Cmd"], SECRET_KEY="")
    assert done.returncode != 0
    assert "TaskLog cannot start: SECRET_KEY" in done.stdout
    assert "Traceback" not in done.stdout


def test_web_answers_and_its_health_check_agrees(machine):
    import httpx

    port = free_port()
    machine.start("web", machine.image.config["Cmd"], PORT=str(port))
    check = machine.image.config["Healthcheck"]["Test"][1:]
    check = [word.replace(":8000", f":{port}") for word in check]
    wait_for(lambda: machine.run(*check).returncode == 0, 60, lambda: machine.log("web"))
    web = httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Host": "tasklog.example.com", "X-Forwarded-Proto": "https"},
    )
    assert web.get("/readyz").status_code == 200
    login = web.get("/login/")
    assert login.status_code == 200
    style = re.search(r'href="(/static/dashboard/css/base\.[0-9a-f]{12}\.css)"', login.text)
    assert style is not None, "files are hashed"
    sheet = web.get(style[1])
    assert (sheet.status_code, sheet.headers["Content-Encoding"]) == (200, "br")
    assert "immutable" in sheet.headers["Cache-Control"]
    plain = httpx.get(f"http://127.0.0.1:{port}/login/", headers={"Host": "tasklog.example.com"})
    assert plain.status_code in (301, 308)
    assert machine.stop("web") == 0, machine.log("web")


def test_a_task_of_one_container_is_a_stored_log_of_the_next(machine, services, database_url):
    """Worker, drainer and beat from one image; only the spool is shared."""
    import psycopg

    for role in ("drainer", "worker", "beat"):
        machine.start(role, services[role]["command"])
    check = services["worker"]["healthcheck"]["test"][1].replace("$$", "$")
    wait_for(
        lambda: machine.run("sh", "-c", check).returncode == 0, 60, lambda: machine.log("worker")
    )
    start = "from demo.tasks.output import quick; quick.delay()"
    called = machine.run("python", "manage.py", "shell", "-c", start)
    assert called.returncode == 0, called.stdout
    with psycopg.connect(database_url, autocommit=True) as database:

        def succeeded():
            found = database.execute(
                "SELECT r.line_count FROM tasklog_taskrun r WHERE r.name = 'demo.quick' "
                "AND r.state = 'SUCCESS' AND EXISTS (SELECT FROM tasklog_tasklogline l "
                "WHERE l.task_id = r.task_id AND l.message LIKE 'sent: 250%')"
            ).fetchone()
            return found is not None and found[0] > 3

        wait_for(succeeded, 60, lambda: machine.log("worker") + machine.log("drainer"))
    assert "beat: Starting" in machine.log("beat")
    assert machine.roles["beat"].poll() is None, machine.log("beat")
    for role in ("beat", "worker", "drainer"):
        assert machine.stop(role) == 0, machine.log(role)


def test_the_roles_log_objects_and_keep_the_passwords_to_themselves(machine):
    for role in ("web", "worker", "drainer", "beat"):
        log = machine.log(role)
        assert PASSWORDS["REDIS_PASSWORD"] not in log
        assert PASSWORDS["SECRET_KEY"] not in log
    for role, said in (("worker", "ready."), ("beat", "beat: Starting")):
        line = next(line for line in machine.log(role).splitlines() if said in line)
        assert json.loads(line)["level"] == "INFO"
