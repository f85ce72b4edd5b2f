# SPDX-License-Identifier: Apache-2.0
"""What each signal is worth; ten points change the odds by a factor of e. Made by `benchmarks/train_points.py`."""

from __future__ import annotations

START = 16
"""Points of a candidate of which nothing is known."""
LOW_BELOW = 0
HIGH_FROM = 20
"""Points of value and name alone that make a candidate sure."""
SYNTAX_GROUPS = frozenset({"passed to", "use"})
"""Signals that take a parser; of a candidate that they cannot change none is read."""

POINTS = {
    "alphabet: a word and a number": -5,
    "alphabet: base64": -5,
    "alphabet: capitals only": -1,
    "alphabet: hexadecimal": 3,
    "alphabet: letters and digits": 9,
    "alphabet: letters of both cases": 3,
    "alphabet: lower-case letters only": 8,
    "alphabet: signs among letters or digits": 1,
    "alphabet: words and numbers joined by a sign": -9,
    "alphabet: words joined by a sign": 3,
    "length: 12 to 19": 2,
    "length: 20 to 31": -4,
    "length: 32 or more": 11,
    "length: 4 or 5": -10,
    "length: 6 or 7": -4,
    "length: 8 to 11": 4,
    "name: ends in a number": -6,
    "name: says new, old or default": 3,
    "name: says test, expected or wrong": -9,
    "name: says what it opens": 2,
    "named: key": 3,
    "named: other": -9,
    "named: password": 7,
    "named: secret": -2,
    "named: token": 1,
    "passed to: a check": -3,
    "passed to: a log": 6,
    "passed to: a look-up": -4,
    "passed to: a request": 14,
    "passed to: another call": 10,
    "use: annotation": -4,
    "use: argument": -1,
    "use: assigned": 7,
    "use: comparison": 1,
    "use: dictionary value": 3,
    "use: element of a list": 8,
    "use: element of markup": 2,
    "use: named argument": -3,
    "use: statement of its own": 1,
    "words: begins with a word such as my or new": -12,
    "words: holds a sequence that people type": -12,
    "words: holds a word such as pass or key": -15,
    "words: holds a word such as test or fake": -12,
    "words: letters and digits alternate": 8,
}
