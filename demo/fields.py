"""The inputs of a pattern: strict about types, and every refusal says what is allowed.  WEB.

JSON is taken as it is: `"5"` is no number and `true` neither.  A form knows only text, which
`from_form` turns into what the same field takes from JSON.
"""

from __future__ import annotations

import math
import re
from typing import Any

from django.core.exceptions import ValidationError as DjangoError
from django.core.validators import validate_email
from drf_spectacular.drainage import set_override
from rest_framework import serializers


class Whole(serializers.IntegerField):
    """A whole number of JSON from `low` to `high`."""

    def __init__(self, low: int, high: int, **options: Any) -> None:
        self.told = f"Give a whole number from {low:,} to {high:,}."
        words = ("invalid", "max_value", "min_value", "null", "required", "max_string_length")
        messages: Any = dict.fromkeys(words, self.told)
        super().__init__(min_value=low, max_value=high, error_messages=messages, **options)

    def to_internal_value(self, data: Any) -> int:
        if type(data) is float and data.is_integer() and abs(data) < 2**53:
            data = int(data)
        if type(data) is not int:
            self.fail("invalid")
        return data

    def from_form(self, text: str) -> Any:
        return int(text) if re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text) else text


class Number(serializers.FloatField):
    """A finite number of JSON from `low` to `high`; a whole one stays whole."""

    def __init__(self, low: float, high: float, **options: Any) -> None:
        self.told = f"Give a number from {low:,} to {high:,}."
        words = ("invalid", "max_value", "min_value", "null", "required", "max_string_length")
        messages: Any = dict.fromkeys(words, self.told)
        super().__init__(min_value=low, max_value=high, error_messages=messages, **options)

    def to_internal_value(self, data: Any) -> float:
        if type(data) not in (int, float) or (type(data) is float and not math.isfinite(data)):
            self.fail("invalid")
        number: float = data
        return number

    def from_form(self, text: str) -> Any:
        if not re.fullmatch(r"\s*[+-]?[0-9]{1,18}(\.[0-9]{1,18})?\s*", text):
            return text
        return float(text) if "." in text else int(text)


class YesNo(serializers.BooleanField):
    """`true` or `false`, nothing that could pass for it."""

    told = "Give true or false."

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages={"invalid": self.told, "null": self.told}, **options)

    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("invalid", input=data)
        return bool(data)

    def from_form(self, text: str) -> Any:
        return text in ("on", "true", "1")


class Choice(serializers.ChoiceField):
    """One of a few words."""

    def __init__(self, words: Any, **options: Any) -> None:
        pairs = [(word, word) if isinstance(word, str) else word for word in words]
        self.told = f"Give one of {', '.join(value for value, _ in pairs)}."
        names = ("invalid_choice", "null", "required")
        super().__init__(pairs, error_messages=dict.fromkeys(names, self.told), **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", input=data)
        return data

    def from_form(self, text: str) -> Any:
        return text


class Choices(serializers.ListField):
    """Some of a few words, each once."""

    def __init__(self, words: tuple[str, ...], **options: Any) -> None:
        self.words = words
        self.told = f"Give a list of some of {', '.join(words)}, each once."
        names = ("not_a_list", "empty", "max_length", "min_length", "null", "required")
        super().__init__(
            child=Choice(words), allow_empty=False, max_length=len(words),
            error_messages=dict.fromkeys(names, self.told), **options,
        )  # fmt: skip

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list) or not data or len(data) > len(self.words):
            self.fail("empty")
        if not all(isinstance(word, str) and word in self.words for word in data):
            self.fail("empty")
        if len(set(data)) != len(data):
            self.fail("empty")
        return data

    def from_form(self, text: str) -> Any:
        return [word.strip() for word in text.split(",") if word.strip()]


class Text(serializers.CharField):
    """One line, or several where `lines` says so; no control characters."""

    def __init__(
        self, longest: int, form: str = "", told: str = "", *, lines: bool = False, **options: Any
    ) -> None:
        self.form, self.lines = form, lines
        self.told = told or f"Give a text of 1 to {longest} characters."
        names = ("invalid", "blank", "max_length", "min_length", "null", "required")
        messages: Any = dict.fromkeys(names, self.told)
        super().__init__(max_length=longest, min_length=1, error_messages=messages, **options)
        if form:
            told_type = {"type": "string", "maxLength": longest, "pattern": f"^{form}$"}
            set_override(self, "field", told_type)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and not isinstance(data, str):
            raise serializers.ValidationError(self.told)
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        allowed = "\n\r\t" if self.lines else ""
        if any(not (c.isprintable() or c in allowed) for c in data):
            self.fail("invalid")
        text = super().to_internal_value(data)
        if self.form and not re.fullmatch(self.form, text):
            self.fail("invalid")
        return str(text)

    def from_form(self, text: str) -> Any:
        return text


class Addresses(serializers.ListField):
    """E-mail addresses."""

    def __init__(self, most: int, **options: Any) -> None:
        self.most = most
        self.told = f"Give a list of 1 to {most} e-mail addresses."
        names = ("not_a_list", "empty", "max_length", "min_length", "null", "required")
        super().__init__(
            child=serializers.EmailField(max_length=254), allow_empty=False, max_length=most,
            error_messages=dict.fromkeys(names, self.told), **options,
        )  # fmt: skip

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list) or not 0 < len(data) <= self.most:
            self.fail("empty")
        for address in data:
            self._check(address)
        return data

    def _check(self, address: Any) -> None:
        try:
            if not isinstance(address, str) or len(address) > 254:
                self.fail("empty")
            validate_email(address)
        except DjangoError:
            shown = "".join(c if c.isprintable() else "?" for c in address[:60])
            raise serializers.ValidationError(
                f"“{shown}” is no e-mail address. {self.told}"
            ) from None

    def from_form(self, text: str) -> Any:
        return [part for part in re.split(r"[\s,;]+", text) if part]
