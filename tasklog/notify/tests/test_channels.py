"""One contract for every way out, against real servers."""

from __future__ import annotations

import base64
import email
import hashlib
import hmac
import json
from email import policy
from typing import Any

import pytest
from django.contrib.auth.models import User

from tasklog.notify.channels import WAYS
from tasklog.notify.channels.base import Envelope
from tasklog.notify.message import Message, Quote
from tasklog.notify.models import Channel, InboxMessage
from tasklog.notify.tests.conftest import Mailbox, Receiver
from tasklog.notify.transport import TransportError

pytestmark = pytest.mark.django_db

HOSTILE = "<!channel> <script>alert(1)</script> {noformat} ``` =1+1 {{ 7|add:7 }} {% now 'Y' %} %s"
MESSAGE = Message(
    key="incident-7:opened",
    title="orders.import failed\r\nBcc: everybody@example.com",
    text=f"It failed twice. {HOSTILE}",
    url="https://tasklog.example.com/alerts/7/",
    level="error",
    facts=(("Task", "orders.import"), ("Worker", "w1")),
    quotes=(Quote(12, "2026-01-31T12:00:00+00:00", f"disk full {HOSTILE}", 40),),
    thread="incident-7",
)
# What a person would type into each form; SITE is the test's own server.
FILLED: dict[str, dict[str, str]] = {
    "email": {"to": "ops@example.com, ada@example.com"},
    "slack": {"webhook_url": "SITE/services/T0/B0/secret-of-slack"},
    "webhook": {"address": "SITE/hook", "secret": "a-secret-that-signs"},
    "jira": {
        "site": "SITE", "email": "bot@example.com", "token": "token-of-jira-1",
        "project": "OPS", "issue_type": "Bug",
    },
    "sms": {
        "site": "SITE", "account": "AC0123456789", "token": "token-of-twilio", "sender": "TaskLog",
        "to": "+48123456789",
    },
    "push": {"service": "ntfy", "site": "SITE", "topic": "ops", "token": "token-of-ntfy-1"},
    "inbox": {"people": ""},
}  # fmt: skip
OVER_HTTP = sorted(set(WAYS) - {"email", "inbox"})


@pytest.fixture(autouse=True)
def trusted(settings: Any) -> None:
    settings.CELERY_TASKLOG_OUTBOUND_HOSTS = ["127.0.0.1"]


def channel_of(kind: str, receiver: Receiver, **changes: str) -> Channel:
    typed = {n: v.replace("SITE", receiver.url) for n, v in (FILLED[kind] | changes).items()}
    form = WAYS[kind].form(typed)
    assert form.is_valid(), form.errors
    channel = Channel(name=kind, kind=kind)
    channel.settings = form.settings()
    channel.save()
    return channel


def deliver(kind: str, receiver: Receiver, *, earlier: str = "", **changes: str) -> str:
    channel = channel_of(kind, receiver, **changes)
    return WAYS[kind].deliver(Envelope(MESSAGE, channel.settings, earlier))


@pytest.mark.parametrize("kind", WAYS)
def test_the_settings_are_sealed_and_secrets_never_shown_again(
    kind: str, receiver: Receiver
) -> None:
    channel = channel_of(kind, receiver)
    for secret in WAYS[kind].form.secrets:
        assert channel.settings[secret]
        assert channel.settings[secret] not in channel.sealed
        page = WAYS[kind].form(kept=channel.settings).as_p()
        assert channel.settings[secret] not in page
        assert channel.settings[secret][-4:] in page
    # Left empty, a secret stays what it was.
    rest = {n: v for n, v in FILLED[kind].items() if n not in WAYS[kind].form.secrets}
    rest = {n: v.replace("SITE", receiver.url) for n, v in rest.items()}
    again = WAYS[kind].form(rest, kept=channel.settings)
    assert again.is_valid(), again.errors
    assert again.settings() == channel.settings


@pytest.mark.parametrize("kind", WAYS)
def test_a_form_without_its_answers_says_what_is_missing(kind: str) -> None:
    form = WAYS[kind].form({})
    assert form.is_valid() is (kind == "inbox")


@pytest.mark.parametrize("kind", OVER_HTTP)
@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (404, True), (302, True), (429, False), (503, False)]
)
def test_what_the_other_side_refuses_for_good_is_told_from_what_passes(
    kind: str, status: int, permanent: bool, receiver: Receiver
) -> None:
    receiver.will_answer(status, b"the answer's own words", Retry_After="7", Location="/elsewhere")
    with pytest.raises(TransportError) as raised:
        deliver(kind, receiver)
    assert raised.value.permanent is permanent
    assert raised.value.retry_after == 7
    assert "own words" not in str(raised.value)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("kind", OVER_HTTP)
def test_a_server_that_is_away_is_tried_again(kind: str, receiver: Receiver) -> None:
    with pytest.raises(TransportError, match="No answer") as raised:
        site = "http://127.0.0.1:9"
        field = {"slack": "webhook_url", "webhook": "address"}.get(kind, "site")
        deliver(kind, receiver, **{field: site})
    assert not raised.value.permanent


def test_slack_gets_blocks_in_which_a_line_mentions_nobody(receiver: Receiver) -> None:
    deliver("slack", receiver)
    body = json.loads(receiver.got[0].body)
    assert receiver.got[0].path == "/services/T0/B0/secret-of-slack"
    said = json.dumps(body)
    assert "disk full" in said
    assert "<!channel>" not in said
    assert MESSAGE.url in said


def test_a_webhook_is_signed_and_names_what_may_come_twice(receiver: Receiver) -> None:
    deliver("webhook", receiver)
    got = receiver.got[0]
    assert Message.from_json(json.loads(got.body)) == MESSAGE
    assert got.headers["Idempotency-Key"] == MESSAGE.key
    at, _, signed = got.headers["X-TaskLog-Signature"].partition(",v1=")
    text = at.removeprefix("t=").encode() + b"." + got.body
    assert signed == hmac.new(b"a-secret-that-signs", text, hashlib.sha256).hexdigest()


def test_jira_gets_an_issue_and_then_comments(receiver: Receiver) -> None:
    receiver.will_answer(201, b'{"key": "OPS-12"}')
    channel = channel_of("jira", receiver)
    assert WAYS["jira"].deliver(Envelope(MESSAGE, channel.settings)) == "OPS-12"
    assert WAYS["jira"].deliver(Envelope(MESSAGE, channel.settings, "OPS-12")) == "OPS-12"
    made, commented = receiver.got
    assert made.path == "/rest/api/2/issue"
    fields = json.loads(made.body)["fields"]
    assert fields["project"] == {"key": "OPS"}
    assert "\n" not in fields["summary"]
    assert fields["description"].count("{noformat}") == 2
    assert commented.path == "/rest/api/2/issue/OPS-12/comment"
    named = base64.b64decode(made.headers["Authorization"].removeprefix("Basic ")).decode()
    assert named == "bot@example.com:token-of-jira-1"


def test_an_sms_is_short_and_its_address_whole(receiver: Receiver) -> None:
    receiver.will_answer(201, b'{"sid": "SM1"}')
    assert deliver("sms", receiver) == "SM1"
    assert receiver.got[0].path == "/2010-04-01/Accounts/AC0123456789/Messages.json"
    assert b"https%3A%2F%2Ftasklog.example.com%2Falerts%2F7%2F" in receiver.got[0].body


@pytest.mark.parametrize(("service", "path"), [("ntfy", "/"), ("pushover", "/1/messages.json")])
def test_a_push_goes_by_either_service(service: str, path: str, receiver: Receiver) -> None:
    deliver("push", receiver, service=service)
    assert receiver.got[0].path == path
    assert b"orders.import" in receiver.got[0].body


def test_an_email_is_handed_over_in_html_and_text(mailbox: Mailbox, receiver: Receiver) -> None:
    deliver("email", receiver, earlier="<first@tasklog>")
    sent = mailbox.mails[0]
    assert sent.rcpt_tos == ["ops@example.com", "ada@example.com"]
    mail = email.message_from_bytes(sent.content, policy=policy.default)
    assert mail["Subject"].startswith("[TaskLog] orders.import failed Bcc:")
    assert mail["Bcc"] is None
    assert mail["In-Reply-To"] == "<first@tasklog>"
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert HOSTILE in text.get_content()
    assert "<script>" not in html.get_content()
    assert "disk full" in html.get_content()


@pytest.mark.parametrize(
    ("answer", "permanent"), [("451 Later", False), ("550 No such mailbox", True)]
)
def test_a_mail_server_that_refuses(
    answer: str, permanent: bool, mailbox: Mailbox, receiver: Receiver
) -> None:
    mailbox.refuse = answer
    with pytest.raises(TransportError) as raised:
        deliver("email", receiver)
    assert raised.value.permanent is permanent


def test_a_mail_server_that_is_away_is_tried_again(settings: Any, receiver: Receiver) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    with pytest.raises(TransportError, match="away") as raised:
        deliver("email", receiver)
    assert not raised.value.permanent


def test_the_inbox_reaches_each_operator_once(receiver: Receiver) -> None:
    ada = User.objects.create_superuser("ada")
    User.objects.create_user("gone", is_active=False)
    deliver("inbox", receiver)
    WAYS["inbox"].deliver(Envelope(MESSAGE, {"people": []}))
    assert list(InboxMessage.objects.filter(user=ada).values_list("key", flat=True)) == [
        MESSAGE.key
    ]
    assert not InboxMessage.objects.filter(user__username="gone").exists()


def test_an_inbox_for_somebody_unknown_is_refused_by_name() -> None:
    form = WAYS["inbox"].form({"people": "ada, nobody"})
    assert "Nobody here is called ada, nobody." in form.errors["people"]
