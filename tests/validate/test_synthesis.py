# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from secrethunt.online.answers import Body, compile_marker
from tests.validate.synthesis import answer_for


@pytest.mark.parametrize(
    "raw",
    [
        {"json": {"user.login": ".+"}},
        {"json": {"data[0].id": "\\d+", "data[0].name": "[a-z]{3}"}},
        {"json": {"[0].id": ".+"}},
        {"json": {"ok": "true", "error.code": "a|b", "error": ".+"}},
        {"json": {"type(data)": "array", "length(items)": "2"}},
        {"json": {"keys(@)": "a, b"}},
        {"json": {"errors[?code=='x'].message | [0]": ".+"}},
        {"json": {"errors[].message": ".+"}},
        {"json": {"a || b": "x"}},
        {"xml": {"./Error/Code": "A", "Error/Message": ".+"}},
        {"text": "unknown key", "header": {"x-api": "v[12]"}},
        {"json": {"a": ".+"}, "text": "more"},
    ],
)
def test_the_marker_holds_of_the_answer_made_for_it(raw: dict[str, Any]) -> None:
    marker = compile_marker({"status": 400.0, **raw})
    assert marker.holds(Body(answer_for(marker)))
