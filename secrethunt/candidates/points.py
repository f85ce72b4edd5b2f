# SPDX-License-Identifier: Apache-2.0
"""
What each signal is worth; ten points change the odds by a factor of e. Made by `benchmarks/train_points.py`.
"""

from __future__ import annotations

START = 15
"""Points of a candidate of which nothing is known."""
LOW_BELOW = 0
HIGH_FROM = 28
SYNTAX_GROUPS = frozenset({"use", "passed to"})
"""Signals that take a parser; of a candidate that they cannot change none is read."""

POINTS = {
    "alphabet: a word and a number": -4,
    "alphabet: base64": -4,
    "alphabet: capitals only": -1,
    "alphabet: hexadecimal": 2,
    "alphabet: letters and digits": 8,
    "alphabet: letters of both cases": 3,
    "alphabet: lower-case letters only": 9,
    "alphabet: signs among letters or digits": 2,
    "alphabet: words and numbers joined by a sign": -9,
    "alphabet: words joined by a sign": 1,
    "length: 12 to 19": 2,
    "length: 20 to 31": -3,
    "length: 32 or more": 11,
    "length: 4 or 5": -9,
    "length: 6 or 7": -4,
    "length: 8 to 11": 4,
    "name: ends in a number": -7,
    "name: says new, old or default": 3,
    "name: says test, expected or wrong": -9,
    "name: says what it opens": 1,
    "named: key": 2,
    "named: other": -8,
    "named: password": 7,
    "named: secret": -2,
    "named: token": 2,
    "passed to: a check": -1,
    "passed to: a log": 5,
    "passed to: a look-up": 12,
    "passed to: a sign-in": -1,
    "passed to: another call": 7,
    "use: annotation": -4,
    "use: argument": -1,
    "use: argument of a command": -2,
    "use: assigned": 7,
    "use: comparison": 1,
    "use: dictionary value": 4,
    "use: element of a list": 6,
    "use: element of markup": 2,
    "use: named argument": -7,
    "use: statement of its own": 1,
    "words: begins with a word such as my or new": -8,
    "words: holds a sequence that people type": -9,
    "words: holds a word such as pass or key": -16,
    "words: holds a word such as test or fake": -14,
    "words: letters and digits alternate": 9,
}
