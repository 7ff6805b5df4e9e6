"""The states of a run and the causes of an attempt's end, with the words people read."""

from django.db import models


class State(models.TextChoices):
    """Celery's own names, plus TIMEOUT and LOST which Celery has no word for."""

    PENDING = "PENDING", "Waiting"
    STARTED = "STARTED", "Running"
    RETRY = "RETRY", "Retrying"
    SUCCESS = "SUCCESS", "Succeeded"
    FAILURE = "FAILURE", "Failed"
    TIMEOUT = "TIMEOUT", "Timed out"
    REVOKED = "REVOKED", "Revoked"
    LOST = "LOST", "Lost"


FINISHED = frozenset(
    {State.SUCCESS, State.FAILURE, State.TIMEOUT, State.REVOKED, State.LOST},
)
BAD = FINISHED - {State.SUCCESS}


class Cause(models.TextChoices):
    """Why an attempt ended.  The empty value: it has not ended, or ended well."""

    NONE = "", "—"
    EXCEPTION = "exception", "Exception"
    SOFT_LIMIT = "soft_limit", "Soft time limit"
    HARD_LIMIT = "hard_limit", "Hard time limit"
    REVOKED = "revoked", "Revoked"
    TERMINATED = "terminated", "Terminated"
    KILLED = "killed", "Worker killed"
    OUT_OF_MEMORY = "out_of_memory", "Probably out of memory"
    SHUTDOWN = "shutdown", "Worker shut down"
    LOST = "lost", "Worker vanished"
    REJECTED = "rejected", "Rejected"
    IGNORED = "ignored", "Ignored"
    # The state is REVOKED: nobody will send it, because a step before it failed.
    NOT_REACHED = "not_reached", "Will not run"


class Payload(models.TextChoices):
    """How a run's arguments are kept for a retry.  The empty value: nobody has told."""

    UNKNOWN = "", "—"
    EXACT = "exact", "As shown"
    SEALED = "sealed", "Encrypted"
    TOO_BIG = "too big", "Too big"
    NO_JSON = "no json", "Not JSON"
    NO_CRYPTOGRAPHY = "no crypto", "No cryptography"
    OFF = "off", "Off"
