# SPDX-License-Identifier: Apache-2.0
"""
Checks as rules declare them: requests, what of their answers proves what, and what is taken from them.

Format: `docs/validation.md`. An answer that is neither what the rule calls active nor inactive is UNKNOWN.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secrethunt.online.answers import Body, ExpressionError, Marker, Taking, compile_marker, compile_taking
from secrethunt.online.asking import UNSET_HOST, Asking, RequestError, compile_asking
from secrethunt.online.contract import NoAnswer, Session
from secrethunt.online.templates import MissingValue, UnfitValue
from secrethunt.rulesection import SectionError
from secrethunt.validate.contract import Credential, Evidence, Outcome, State

_KEYS = frozenset(
    {"request", "steps", "active", "inactive", "save", "choices", "facts", "control", "loose_type", "references"}
)
_STEP_KEYS = frozenset({"request", "active", "inactive", "save"})
_MOST_TRIES = 24
"""Combinations of `choices` that are asked at most."""

Choices = tuple[tuple[str, tuple[str, ...]], ...]
"""What is not known beforehand, and its possible values."""


class CheckError(SectionError):
    """A `validate` that cannot be read."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request and what its answer says."""

    asking: Asking
    active: tuple[Marker, ...] = ()
    inactive: tuple[Marker, ...] = ()
    save: tuple[tuple[str, Taking], ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredCheck:
    """A check that is all data; a `Check`."""

    provider: str
    steps: tuple[Step, ...]
    choices: Choices = ()
    facts: tuple[tuple[str, Taking], ...] = ()
    allows_control: bool = True
    """A random key of the same shape may be sent too."""
    loose_type: bool = False

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Method and URL of every request that could be made, choices written out."""
        listed: list[str] = []
        for step in self.steps:
            named = tuple(choice for choice in self.choices if choice[0] in step.asking.host_names)
            for label in step.asking.labels():
                listed.extend(label_with(label, named))
        return tuple(dict.fromkeys(listed))

    def __call__(self, credential: Credential, session: Session) -> Outcome:
        """
        Raises:
            NoAnswer: A request had none, and no other choice was left.
        """
        outcomes: list[Outcome] = []
        failure: NoAnswer | None = None
        for chosen in tries(self.choices, self.provider, credential, session):
            try:
                outcome = self._follow(credential, session, chosen)
            except NoAnswer as err:
                failure = err
                continue
            if outcome.state is State.ACTIVE:
                return outcome
            outcomes.append(outcome)
        if failure is not None and (not outcomes or all(item.state is State.INACTIVE for item in outcomes)):
            raise failure
        return next((item for item in outcomes if item.state is State.UNKNOWN), outcomes[0])

    def _follow(self, credential: Credential, session: Session, chosen: Mapping[str, bytes]) -> Outcome:
        """All steps with one combination of choices."""
        variables = {**credential.variables(), **chosen}
        facts: dict[str, str] = {}
        evidence: list[Evidence] = []
        outcome = Outcome(State.UNKNOWN, "nothing was asked")
        for number, step in enumerate(self.steps):
            try:
                body = self._send(step, variables, session, frozenset(chosen))
            except (MissingValue, UnfitValue) as err:
                return Outcome(State.UNKNOWN, _reason(err), tuple(evidence), tuple(facts.items()))
            self._take_facts(body, credential, facts)
            outcome = _judge(step, body)
            evidence.extend(outcome.evidence)
            is_last = number == len(self.steps) - 1
            if is_last or outcome.state is State.INACTIVE or (outcome.state is State.ACTIVE and not step.save):
                break
            saved = {name: taking.whole_value(body) for name, taking in step.save}
            if not all(saved.values()):
                break
            variables.update((name, value.encode()) for name, value in saved.items())
        return Outcome(outcome.state, outcome.reason, tuple(evidence), tuple(facts.items()))

    def _send(self, step: Step, variables: Mapping[str, bytes], session: Session, trusted: frozenset[str]) -> Body:
        endpoint = session.endpoint(self.provider)
        if endpoint is None and step.asking.host.source.endswith(UNSET_HOST):
            raise NoAnswer(f"needs --endpoint {self.provider}=URL: everybody runs their own")
        request = step.asking.fill(variables, provider=self.provider, endpoint=endpoint, trusted=trusted)
        return Body(session.send(request), loose_type=self.loose_type)

    def _take_facts(self, body: Body, credential: Credential, facts: dict[str, str]) -> None:
        secrets = [credential.secret.reveal(), *(part.reveal() for part in credential.parts.values())]
        for name, taking in self.facts:
            value = taking.value(body)
            # Some providers repeat the key they were asked with; a report must not.
            if value and not any(len(secret) > 7 and secret in value.encode() for secret in secrets):
                facts.setdefault(name, value)


def tries(choices: Choices, provider: str, credential: Credential, session: Session) -> Iterator[dict[str, bytes]]:
    """Each combination of *choices* that is to be asked; what was found beside the credential settles a choice."""
    known = credential.variables()
    lists = []
    for name, values in choices:
        found = known.get(name, b"").decode("utf-8", "replace")
        lists.append([found] if found in values else list(values))
    combinations: Iterator[tuple[str, ...]] = itertools.islice(itertools.product(*lists), _MOST_TRIES)
    if session.endpoint(provider) is not None:
        combinations = itertools.islice(combinations, 1)
    names = [name for name, _ in choices]
    for combination in combinations:
        yield {name: value.encode() for name, value in zip(names, combination, strict=True)}


def label_with(label: str, choices: Choices) -> Iterator[str]:
    """*label* with each combination of those of *choices* that stand in it."""
    named = [(name, values) for name, values in choices if f"{{{{{name}}}}}" in label]
    for chosen in itertools.product(*(values for _, values in named)):
        text = label
        for (name, _), value in zip(named, chosen, strict=True):
            text = text.replace(f"{{{{{name}}}}}", value)
        yield text


def compile_check(provider: str, raw: Any) -> DeclaredCheck:
    """
    Args:
        raw: The mapping under `validate` as the rule file has it, with `request` or `steps`.

    Raises:
        CheckError: What is wrong with it.
    """
    if not isinstance(raw, Mapping):
        raise CheckError("a check is a mapping")
    unknown = set(raw) - _KEYS
    if unknown:
        raise CheckError(f"unknown key {sorted(unknown)[0]!r}")
    if ("request" in raw) == ("steps" in raw):
        raise CheckError("give `request`, or `steps`")
    choices = read_choices(raw.get("choices", {}))
    steps = _steps(raw, [name for name, _ in choices])
    if not any(step.active for step in steps):
        raise CheckError("nothing would make it active: name `active`")
    return DeclaredCheck(
        provider=provider,
        steps=steps,
        choices=choices,
        facts=_takings(raw.get("facts", {}), "facts"),
        allows_control=bool(raw.get("control", True)),
        loose_type=bool(raw.get("loose_type", False)),
    )


def wanted_names(check: DeclaredCheck) -> set[str]:
    """What must be known beside the secret: names that are neither chosen nor saved on the way."""
    made = {"secret", *(name for name, _ in check.choices)}
    wanted: set[str] = set()
    for step in check.steps:
        wanted |= step.asking.names() - made
        made.update(name for name, _ in step.save)
    return wanted


def _steps(raw: Mapping[str, Any], chosen: Sequence[str]) -> tuple[Step, ...]:
    if "request" in raw:
        if "save" in raw:
            raise CheckError("`save` belongs to one of `steps`")
        return (_step({key: raw[key] for key in ("request", "active", "inactive") if key in raw}, chosen),)
    steps = raw["steps"]
    if not isinstance(steps, list) or not steps or set(raw) & {"active", "inactive", "save"}:
        raise CheckError("`steps` must be a list, each with its own `active`, `inactive` and `save`")
    return tuple(_step(item, chosen) for item in steps)


def _step(raw: Any, chosen: Sequence[str]) -> Step:
    if not isinstance(raw, Mapping) or set(raw) - _STEP_KEYS or "request" not in raw:
        raise CheckError("a step has `request`, `active`, `inactive` and `save`, nothing else")
    try:
        asking = compile_asking(raw["request"], chosen)
    except RequestError as err:
        raise CheckError(str(err)) from err
    return Step(asking, _markers(raw, "active"), _markers(raw, "inactive"), _takings(raw.get("save", {}), "save"))


def _markers(raw: Mapping[str, Any], key: str) -> tuple[Marker, ...]:
    given = raw.get(key, [])
    try:
        return tuple(compile_marker(item) for item in (given if isinstance(given, list) else [given]))
    except (ExpressionError, TypeError) as err:
        raise CheckError(f"{key}: {err}") from err


def _takings(raw: Any, key: str) -> tuple[tuple[str, Taking], ...]:
    if not isinstance(raw, Mapping):
        raise CheckError(f"`{key}` must be a mapping")
    try:
        return tuple((name, compile_taking(item)) for name, item in raw.items())
    except ExpressionError as err:
        raise CheckError(f"{key}: {err}") from err


def read_choices(raw: Any) -> Choices:
    """
    Raises:
        CheckError: They do not map names to lists of texts.
    """
    if not isinstance(raw, Mapping) or not all(
        isinstance(values, list) and values and all(isinstance(item, str) and item for item in values)
        for values in raw.values()
    ):
        raise CheckError("`choices` must map names to lists of texts")
    return tuple((name, tuple(values)) for name, values in raw.items())


def _judge(step: Step, body: Body) -> Outcome:
    status = body.answer.status
    for state, markers in ((State.ACTIVE, step.active), (State.INACTIVE, step.inactive)):
        for marker in markers:
            if marker.holds(body):
                reason = "the provider knows it" if state is State.ACTIVE else "the provider rejects it"
                return Outcome(state, reason, (Evidence(step.asking.label, status, marker.describe()),))
    return Outcome(State.UNKNOWN, _unjudged(status), (Evidence(step.asking.label, status),))


def _unjudged(status: int) -> str:
    if status == 429:
        return "the provider limits the rate (429)"
    if 300 <= status < 400:
        return f"a redirect ({status}), which is not followed"
    if status >= 500:
        return f"the provider failed ({status})"
    if status >= 400:
        return f"{status} without the provider's own rejection"
    return f"{status} without what only a valid credential gets"


def _reason(err: MissingValue | UnfitValue) -> str:
    if isinstance(err, MissingValue):
        return f"needs its {err.name.replace('_', ' ')}, which was not found"
    return f"its {err.name.replace('_', ' ')} {err}"
