"""Two people give the same name at the same moment.  WEB."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import ValidationError
from django.db import IntegrityError


def second_look[**P, R](view: Callable[P, R]) -> Callable[P, R]:
    """Asks a view again that wrote a row which the database refused.

    Somebody else was quicker since the form was checked.  The form sees their row now and says so
    in its own words, on the page or in the API.  Nothing of the first try may stay, so what the
    view does is written in one transaction.  What is refused again is a fault of ours and raises.
    """

    @wraps(view)
    def looked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return view(*args, **kwargs)
        except (IntegrityError, ValidationError):  # beat's own rows are checked as they are written
            return view(*args, **kwargs)

    return looked
