# SPDX-License-Identifier: Apache-2.0
"""
Signed calls to AWS that only read, and their answers as plain data.

Query APIs answer in XML (`member` elements make lists), others in JSON. A call that is refused is told apart from one
that could not be made: the name of what was denied is what a reader needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode
from xml.etree import ElementTree

from secrethunt.online.contract import NoAnswer, Session
from secrethunt.validate.flows.aws import Keys, signed_headers
from secrethunt.validate.flows.exchange import Exchange, ask, place_of
from secrethunt.verdict import Evidence

_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_IAM_VERSION = "2010-05-08"
_MOST_PAGES = 40
_IAM = {
    "aws": ("https://iam.amazonaws.com", "us-east-1"),
    "aws-us-gov": ("https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
    "aws-cn": ("https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
}
_REGIONS = {name: region for name, (_, region) in _IAM.items()}
_DOMAINS = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}


class Denied(Exception):
    """AWS knows the caller and refuses the call."""

    def __init__(self, action: str, code: str) -> None:
        super().__init__(action)
        self.action = action
        self.code = code


@dataclass(frozen=True, slots=True)
class Probe:
    """One call that lists, changes nothing and costs nothing."""

    action: str
    """As policies name it: `s3:ListAllMyBuckets`."""
    service: str
    target: str = ""
    """JSON protocol: value of X-Amz-Target."""
    form: tuple[tuple[str, str], ...] = ()
    """Query protocol."""
    path: str = "/"
    """REST: path and query."""
    body: str = "{}"


class Api:
    """Calls in the name of one key, in its partition."""

    def __init__(self, keys: Keys, session: Session, partition: str, log: list[Evidence], *, region: str = "") -> None:
        self._keys = keys
        self._session = session
        self._partition = partition if partition in _IAM else "aws"
        self._region = region or _REGIONS[self._partition]
        self._log = log

    def iam(self, action: str, **parameters: str) -> Any:
        """
        The result of an IAM action as dictionaries and lists.

        Raises:
            Denied: The caller may not.
            NoAnswer: There is no answer that could be read.
        """
        url, region = _IAM[self._partition]
        fields = {"Action": action, "Version": _IAM_VERSION, **parameters}
        exchange = self._send("POST", url, scope=("iam", region), label=f"/?Action={action}", form=fields)
        return _query_result(exchange, f"iam:{action}", action)

    def iam_pages(self, action: str, **parameters: str) -> Iterator[Mapping[str, Any]]:
        """Every page of an IAM list; as `iam`."""
        marker = ""
        for _ in range(_MOST_PAGES):
            page = self.iam(action, **parameters, **({"Marker": marker} if marker else {}))
            yield page if isinstance(page, Mapping) else {}
            marker = page.get("Marker", "") if isinstance(page, Mapping) and page.get("IsTruncated") else ""
            if not marker:
                return

    def probe(self, probe: Probe) -> int:
        """
        HTTP status of a call that was let in.

        Raises:
            Denied: The caller may not.
            NoAnswer: There is no answer that could be read.
        """
        url = f"https://{probe.service}.{self._region}.{_DOMAINS[self._partition]}"
        scope = (probe.service, self._region)
        if probe.form:
            form = dict(probe.form)
            exchange = self._send("POST", url, scope=scope, label=f"/?Action={form['Action']}", form=form)
        elif probe.target:
            exchange = self._send("POST", url, scope=scope, label=f"/ {probe.action}", target=probe)
        else:
            exchange = self._send("GET", url, scope=scope, label=probe.path)
        if exchange.status != 200:
            _refuse(exchange, probe.action)
        return exchange.status

    def _send(
        self,
        method: str,
        url: str,
        *,
        scope: tuple[str, str],
        label: str,
        form: Mapping[str, str] | None = None,
        target: Probe | None = None,
    ) -> Exchange:
        place = place_of(self._session, "aws", url)
        headers, body, path = {"Accept": "application/json, application/xml"}, b"", "/"
        if form is not None:
            headers["Content-Type"], body = _FORM, urlencode(form).encode()
        elif target is not None:
            version = "1.0" if target.service == "dynamodb" else "1.1"
            headers |= {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": target.target}
            body = target.body.encode()
        else:
            path = label
        signed = signed_headers(method, place.url + path, headers, body, scope=scope, keys=self._keys)
        request = {"method": method, "headers": signed, "body": body, "is_idempotent": True}
        try:
            exchange = ask(self._session, place, path, label=label, **request)
        except NoAnswer as err:
            self._log.append(Evidence(f"{method} {place.label}{label}", None, err.reason))
            raise
        self._log.append(Evidence(exchange.label, exchange.status))
        return exchange


def _query_result(exchange: Exchange, name: str, action: str) -> Any:
    if exchange.status != 200:
        _refuse(exchange, name)
    try:
        root = ElementTree.fromstring(exchange.answer.body)
    except (ElementTree.ParseError, ValueError, LookupError) as err:
        raise NoAnswer(f"the answer to {action} is no XML") from err
    for child in root:
        if _tag(child) == f"{action}Result":
            return structure(child)
    return {}


def _refuse(exchange: Exchange, name: str) -> None:
    body = exchange.json(loose=True)
    texts = {} if body else exchange.xml()
    code = str(body.get("__type") or body.get("Code") or "") if body else texts.get("Code", "")
    if exchange.status in (400, 401, 403) and ("AccessDenied" in code or "Unauthorized" in code or not code):
        raise Denied(name, code or str(exchange.status))
    raise NoAnswer(f"{name} answered {exchange.status}{' ' + code if code.isalnum() else ''}")


def structure(element: ElementTree.Element) -> Any:
    """An element of a query API's answer as text, truth value, list or dictionary; documents are parsed."""
    children = list(element)
    if not children:
        return _value(_tag(element), element.text or "")
    if all(_tag(child) == "member" for child in children):
        return [structure(child) for child in children]
    return {_tag(child): structure(child) for child in children}


def _value(tag: str, text: str) -> Any:
    text = text.strip()
    if tag in ("PolicyDocument", "AssumeRolePolicyDocument", "Document"):
        try:
            return json.loads(unquote(text))
        except (ValueError, RecursionError):
            return text
    if tag == "AttachmentCount":
        return int(text) if text.isdigit() else 0
    return {"true": True, "false": False}.get(text, text)


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
