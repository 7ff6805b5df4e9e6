"""What the places in AWS have in common: who asks, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django import forms

from tasklog.conf import conf
from tasklog.notify.transport import TransportError
from tasklog.sealed import SealedForm

_BUSY = (
    "ThrottlingException", "Throttling", "TooManyRequestsException", "LimitExceededException",
    "SlowDown",
)  # fmt: skip
_WRONG = {
    "UnrecognizedClientException": "AWS does not know these credentials.",
    "InvalidAccessKeyId": "AWS does not know these credentials.",
    "InvalidSignatureException": "The secret key does not belong to this access key.",
    "SignatureDoesNotMatch": "The secret key does not belong to this access key.",
}


class AwsForm(SealedForm):
    """Where, and who asks."""

    secrets = ("secret_key",)
    places = ("endpoint",)
    region = forms.RegexField(
        r"^[a-z]{2}(-[a-z]+)+-\d$", label="Region", max_length=30, help_text="eu-central-1",
        error_messages={"invalid": "Give a region such as eu-central-1."},
    )  # fmt: skip
    access_key = forms.CharField(
        label="Access key", max_length=128, required=False,
        help_text="Empty: the role of the worker's machine.",
    )  # fmt: skip
    secret_key = forms.CharField(
        label="Secret key", max_length=256, required=False, widget=forms.PasswordInput
    )
    endpoint = forms.CharField(
        label="Endpoint", max_length=300, required=False,
        help_text="Empty: AWS. Its host must be among CELERY_TASKLOG_OUTBOUND_HOSTS.",
    )  # fmt: skip

    def clean_endpoint(self) -> str:
        text: str = self.cleaned_data["endpoint"]
        if text and urlsplit(text).hostname not in conf().outbound_hosts:
            raise forms.ValidationError("This host is not among CELERY_TASKLOG_OUTBOUND_HOSTS.")
        return text


def client(service: str, settings: dict[str, Any]) -> Any:
    """A client that waits for nobody long.  Raises `TransportError`."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        told = "This needs the extra: pip install 'celery-tasklog[aws]'"
        raise TransportError(told, permanent=True) from error
    endpoint = settings.get("endpoint") or None
    if endpoint and urlsplit(endpoint).hostname not in conf().outbound_hosts:
        raise TransportError("The endpoint's host is not allowed any more.", permanent=True)
    return boto3.client(
        service, region_name=settings["region"], endpoint_url=endpoint,
        aws_access_key_id=settings.get("access_key") or None,
        aws_secret_access_key=settings.get("secret_key") or None,
        config=Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1}),
    )  # fmt: skip


@contextmanager
def asking(wrong: Mapping[str, str], bearable: Mapping[str, type[Exception]]) -> Iterator[None]:
    """Calls in it raise `TransportError`: `wrong` has the words for codes that time does not mend,
    `bearable` the exceptions for those the caller knows how to go on from.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in bearable:
            raise bearable[code] from error
        raise _told(code, {**_WRONG, **wrong}) from error
    except BotoCoreError as error:
        raise TransportError(f"No answer: {type(error).__name__}.") from error


def _told(code: str, wrong: Mapping[str, str]) -> TransportError:
    if code in _BUSY:
        return TransportError("AWS asks us to be slower.")
    return TransportError(wrong.get(code) or f"AWS answered {code}.", permanent=code in wrong)
