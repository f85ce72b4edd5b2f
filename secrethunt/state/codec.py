# SPDX-License-Identifier: Apache-2.0
"""
Owns records as JSON values and back, by the types of their fields. A rule becomes its id; the value of a secret is
never written: a candidate's becomes its secret id, any other nothing at all, and what quotes it is left out.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from secrethunt.records import Candidate, KnownSecret, Rule, Secret, SecretId

Encode = Callable[[Any], Any]
Decode = Callable[[Any], Any]
_PLAIN = (str, int, float, bool)
QUOTING = ("reasons", "facts", "parts")
"""Fields of a candidate that may repeat the secret in other words, or hold another; they are left empty."""


class Codec:
    """Turns records into JSON values and back."""

    def __init__(self, rules: Mapping[str, Rule], secret_id: Callable[[Candidate], SecretId]) -> None:
        """
        Args:
            rules: By id; decoding one that is not there raises KeyError.
            secret_id: Id of a candidate's secret.
        """
        self._rules = rules
        self._secret_id = secret_id
        self._known: dict[Any, tuple[Encode, Decode]] = {}

    def encode(self, type_: Any, value: Any) -> Any:
        """*value* of *type_* as what `json` writes."""
        return self._pair(type_)[0](value)

    def decode(self, type_: Any, value: Any) -> Any:
        """The value of *type_* that `encode` took, secrets without their values."""
        return self._pair(type_)[1](value)

    def _pair(self, type_: Any) -> tuple[Encode, Decode]:
        pair = self._known.get(type_)
        if pair is None:
            pair = self._known[type_] = self._make(type_)
        return pair

    def _make(self, type_: Any) -> tuple[Encode, Decode]:
        origin = typing.get_origin(type_)
        if isinstance(type_, typing.NewType):
            return self._pair(type_.__supertype__)
        if origin is tuple:
            return self._make_tuple(typing.get_args(type_))
        if origin in (typing.Union, types.UnionType):
            return self._make_optional(typing.get_args(type_))
        if type_ is Rule:
            return lambda rule: rule.id, lambda id: self._rules[id]
        if type_ is Secret:
            return lambda secret: "", lambda id: KnownSecret(SecretId(id))
        return self._make_plain(type_)

    def _make_plain(self, type_: Any) -> tuple[Encode, Decode]:
        if type_ in _PLAIN:
            return _same, _same
        if type_ is bytes:
            return lambda value: value.decode("latin-1"), lambda text: text.encode("latin-1")
        if isinstance(type_, type) and issubclass(type_, enum.Enum):
            return lambda member: member.name, lambda name: type_[name]
        if dataclasses.is_dataclass(type_):
            return self._make_record(type_)
        if isinstance(type_, type) and issubclass(type_, tuple):
            hints = typing.get_type_hints(type_)
            encode, decode = self._make_tuple(tuple(hints.values()))
            return encode, lambda values: type_(*decode(values))
        raise TypeError(f"no way to keep a {type_}")

    def _make_tuple(self, arguments: tuple[Any, ...]) -> tuple[Encode, Decode]:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            encode, decode = self._pair(arguments[0])
            return lambda items: [encode(item) for item in items], lambda items: tuple([decode(item) for item in items])
        pairs = [self._pair(argument) for argument in arguments]
        return (
            lambda items: [pair[0](item) for pair, item in zip(pairs, items, strict=True)],
            lambda items: tuple([pair[1](item) for pair, item in zip(pairs, items, strict=True)]),
        )

    def _make_optional(self, arguments: tuple[Any, ...]) -> tuple[Encode, Decode]:
        (inner,) = [argument for argument in arguments if argument is not types.NoneType]
        encode, decode = self._pair(inner)
        return (
            lambda value: None if value is None else encode(value),
            lambda value: None if value is None else decode(value),
        )

    def _make_record(self, type_: Any) -> tuple[Encode, Decode]:
        hints = typing.get_type_hints(type_)
        names = [field.name for field in dataclasses.fields(type_)]
        pairs = [self._pair(hints[name]) for name in names]
        encoders = [(name, pair[0]) for name, pair in zip(names, pairs, strict=True)]
        decoders = [pair[1] for pair in pairs]

        def encode(record: Any) -> list[Any]:
            return [encode_field(getattr(record, name)) for name, encode_field in encoders]

        def decode(values: list[Any]) -> Any:
            return type_(*[decode_field(value) for decode_field, value in zip(decoders, values, strict=True)])

        if type_ is not Candidate:
            return encode, decode
        secret, quoting = names.index("secret"), [names.index(name) for name in QUOTING]

        def encode_candidate(candidate: Candidate) -> list[Any]:
            values = encode(candidate)
            values[secret] = self._secret_id(candidate)
            for place in quoting:
                values[place] = []
            return values

        return encode_candidate, decode


def _same(value: Any) -> Any:
    return value
