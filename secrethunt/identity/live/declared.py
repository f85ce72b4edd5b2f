# SPDX-License-Identifier: Apache-2.0
"""
Identification as rules declare it: requests, and where in their answers identity, account, rights and resources stand.

Format: `docs/identity.md`, Live. What a request does not answer is missing from the document and nothing else happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from secrethunt.identity.contract import Access
from secrethunt.identity.live.answered import Expression, Text, first_text
from secrethunt.identity.live.contract import Asked, Identification
from secrethunt.identity.live.drawing import Drawing, Right
from secrethunt.identity.live.rights import Table
from secrethunt.online.answers import Body
from secrethunt.online.asking import UNSET_HOST, Asking
from secrethunt.online.contract import NoAnswer, Session
from secrethunt.online.templates import MissingValue, UnfitValue
from secrethunt.validate.credentials import secret_parts
from secrethunt.validate.declared import Choices, label_with, tries
from secrethunt.verdict import Evidence

_MOST_EACH = 20
"""Requests that are made for the items of one list."""
_MOST_RESOURCES = 500


@dataclass(frozen=True, slots=True)
class Question:
    """One request, made once, for each item of a list, or page by page."""

    name: str
    asking: Asking
    each: Expression | None = None
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Naming:
    """How a node is called."""

    key: tuple[Text, ...]
    """The first that has a value."""
    name: tuple[Text, ...]
    type: str
    properties: tuple[tuple[str, Expression], ...] = ()
    is_human: Expression | bool | None = None


@dataclass(frozen=True, slots=True)
class Permissions:
    """Where permissions are named and what they open; or what follows from a condition."""

    source: Expression | None
    split: Any
    """Pattern that separates permissions in one text, or None."""
    table: Table | None
    when: Expression | None
    grants: tuple[Right, ...]
    unknown: str = ""
    """What is not known and why."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Things that the provider lists."""

    source: Expression
    key: Text
    name: Text
    kind: str
    sensitivity: float
    tier0: bool
    levels: tuple[tuple[Access, Expression], ...]
    """The strongest whose expression holds of the item; without any, *access*."""
    access: Access


@dataclass(frozen=True, slots=True)
class DeclaredIdentifier:
    """An identification that is all data; an `Identifier`."""

    provider: str
    """Whose keys the nodes have."""
    asks: str
    """Whom `--endpoint` names: the rule's provider."""
    questions: tuple[Question, ...]
    choices: Choices
    identity: Naming
    account: Naming | None
    permissions: tuple[Permissions, ...]
    resources: tuple[Resources, ...]
    credential: tuple[tuple[str, Expression], ...] = ()
    """Properties of the credential: `expires`, `last_used`, `created`, `scopes`."""
    loose_type: bool = False
    references: tuple[str, ...] = ()

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Method and URL of every request that could be made, choices written out."""
        labels = [label for question in self.questions for label in question.asking.labels()]
        return tuple(dict.fromkeys(item for label in labels for item in label_with(label, self.choices)))

    def __call__(self, asked: Asked, session: Session) -> Identification:
        """Ask with one choice after the other until the first request is answered; then say what was learned."""
        drawing = Drawing(asked, self.provider)
        conversation = _Conversation(self, asked, session, drawing.requests)
        document = conversation.document()
        self._draw(document, drawing)
        return drawing.finished(conversation.reason or "the provider does not say whom it knows it as")

    def _draw(self, document: Mapping[str, Any], drawing: Drawing) -> None:
        if self.account is not None and (key := first_text(self.account.key, document)):
            drawing.account(
                f"{self.provider}:{key}",
                first_text(self.account.name, document),
                self.account.type,
                **_properties(self.account, document),
            )
        if key := first_text(self.identity.key, document):
            drawing.identity(
                f"{self.provider}:{key}",
                first_text(self.identity.name, document),
                self.identity.type,
                evidence=self._evidence(self._expressions(self.identity), drawing),
                **_properties(self.identity, document),
            )
        drawing.describe(**{name: _plain(expression.value(document)) for name, expression in self.credential})
        for permissions in self.permissions:
            self._draw_permissions(permissions, document, drawing)
        for resources in self.resources:
            self._draw_resources(resources, document, drawing)
        if any(item.status == 200 or item.status == 201 for item in drawing.requests) and not drawing.has_rights():
            asked = ", ".join(f"{item.endpoint} {item.status or 'no answer'}" for item in drawing.requests)
            drawing.unknown("", f"the provider does not say what it may do; asked: {asked}")

    def _draw_permissions(self, permissions: Permissions, document: Mapping[str, Any], drawing: Drawing) -> None:
        if permissions.when is not None and not permissions.when.value(document):
            return
        words = [item for item in (permissions.source, permissions.when) if item is not None]
        evidence = self._evidence(words, drawing)
        if permissions.unknown:
            drawing.unknown("", permissions.unknown, evidence=evidence)
        for right in permissions.grants:
            drawing.may(right, evidence=evidence)
        for permission in _permission_names(permissions, document):
            rights = permissions.table.rights(permission) if permissions.table else None
            if rights is None:
                drawing.unknown(permission, f"what the permission {permission} opens is not known", evidence=evidence)
            for right in rights or ():
                drawing.may(right, permission, evidence=evidence)

    def _draw_resources(self, resources: Resources, document: Mapping[str, Any], drawing: Drawing) -> None:
        found = resources.source.value(document)
        evidence = self._evidence([resources.source], drawing)
        for item in (found if isinstance(found, list) else [found])[:_MOST_RESOURCES]:
            if item is None:
                continue
            # Expressions of a resource are about the item; the document stays at hand under its own name.
            place = {"item": item, "document": document} | (item if isinstance(item, dict) else {})
            key = resources.key.value(place)
            if not key:
                continue
            access = max((level for level, holds in resources.levels if holds.value(place)), default=resources.access)
            right = Right(access, resources.kind, resources.sensitivity, resources.tier0)
            drawing.reaches(f"{self.provider}:{key}", resources.name.value(place), right, evidence=evidence)

    def _expressions(self, naming: Naming) -> list[Expression]:
        return [expression for text in naming.key for expression in text.expressions()]

    def _evidence(self, expressions: Sequence[Expression], drawing: Drawing) -> str:
        """The requests whose answers *expressions* read, as they may be shown."""
        words = {word for expression in expressions for word in expression.words()}
        labels = {question.asking.label for question in self.questions if question.name in words}
        said = [f"{item.endpoint} {item.status}" for item in drawing.requests if item.endpoint in labels]
        return ", ".join(dict.fromkeys(said))


class _Conversation:
    """The requests of one identification and the document of their answers."""

    def __init__(self, declared: DeclaredIdentifier, asked: Asked, session: Session, log: list[Evidence]) -> None:
        self._declared = declared
        self._credential = asked.credential
        self._session = session
        self._log = log
        self._self = asked.secret_id[:16]
        self.reason = ""

    def document(self) -> dict[str, Any]:
        """With the first choice under which the first request has an answer that is a success, else with the last."""
        document: dict[str, Any] = {}
        for chosen in tries(self._declared.choices, self._declared.asks, self._credential, self._session):
            document = self._empty(chosen)
            first, *others = self._declared.questions
            self._put(first, document, chosen)
            if document["ok"].get(first.name) or not self._declared.choices:
                for question in others:
                    self._put(question, document, chosen)
                break
        return document

    def _empty(self, chosen: Mapping[str, bytes]) -> dict[str, Any]:
        credential = self._credential
        hidden = {"secret", *secret_parts(credential.rule)}
        known = {
            name: value.decode("utf-8", "replace")
            for name, value in {**credential.variables(), **chosen}.items()
            if name not in hidden
        }
        endpoint = self._session.endpoint(self._declared.asks)
        host = urlsplit(endpoint).netloc if endpoint else ""
        own = {"host": host, "credential": {**known, "rule": str(credential.rule.id)}, "self": self._self}
        return {"ok": {}, "status": {}, "headers": {}, **own}

    def _put(self, question: Question, document: dict[str, Any], chosen: Mapping[str, bytes]) -> None:
        document.setdefault(question.name, None)
        if question.each is not None:
            items = question.each.texts(document)[:_MOST_EACH]
            bodies = [(item, self._body(question, {**chosen, "item": item.encode()})) for item in items]
            document[question.name] = [
                {"item": item, "answer": body.json} for item, body in bodies if body is not None and _is_good(body)
            ]
            document["ok"][question.name] = bool(document[question.name])
            return
        for page in range(1, question.pages + 1):
            body = self._body(question, {**chosen, "page": str(page).encode()})
            if body is None or not self._keep(question, document, body, is_first=page == 1):
                return

    def _keep(self, question: Question, document: dict[str, Any], body: Body, *, is_first: bool) -> bool:
        """Put an answer into the document; whether another page may follow."""
        name = question.name
        if is_first:
            document["status"][name] = body.answer.status
            document["headers"][name] = dict(body.answer.headers)
            document["ok"][name] = _is_good(body)
        value = body.json if _is_good(body) else None
        if is_first or not isinstance(value, list) or not isinstance(document[name], list):
            document[name] = document[name] if not is_first else value
        else:
            document[name] = [*document[name], *value]
        return isinstance(value, list) and bool(value)

    def _body(self, question: Question, more: Mapping[str, bytes]) -> Body | None:
        """The answer; None where there is none, with the reason kept."""
        declared, session = self._declared, self._session
        variables = {**self._credential.variables(), **more}
        endpoint = session.endpoint(declared.asks)
        label = question.asking.label
        try:
            if endpoint is None and question.asking.host.source.endswith(UNSET_HOST):
                raise NoAnswer(f"needs --endpoint {declared.asks}=URL: everybody runs their own")
            trusted = frozenset(name for name, _ in declared.choices)
            request = question.asking.fill(variables, provider=declared.asks, endpoint=endpoint, trusted=trusted)
            answer = session.send(request)
        except (MissingValue, UnfitValue, NoAnswer) as err:
            reason = err.reason if isinstance(err, NoAnswer) else str(err)
            self.reason = self.reason or reason
            self._log.append(Evidence(label, None, reason))
            return None
        self._log.append(Evidence(label, answer.status))
        if not 200 <= answer.status < 300:
            self.reason = self.reason or f"{label} answered {answer.status}"
        return Body(answer, loose_type=declared.loose_type)


def _is_good(body: Body) -> bool:
    return 200 <= body.answer.status < 300


def _properties(naming: Naming, document: Mapping[str, Any]) -> dict[str, Any]:
    properties = {name: _plain(expression.value(document)) for name, expression in naming.properties}
    if isinstance(naming.is_human, Expression):
        properties["is_human"] = bool(naming.is_human.value(document))
    elif naming.is_human is not None:
        properties["is_human"] = naming.is_human
    return {name: value for name, value in properties.items() if value is not None}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list) else None


def _permission_names(permissions: Permissions, document: Mapping[str, Any]) -> Iterator[str]:
    texts = permissions.source.texts(document) if permissions.source else []
    for text in texts:
        for name in permissions.split.split(text) if permissions.split else [text]:
            if name.strip():
                yield name.strip()
