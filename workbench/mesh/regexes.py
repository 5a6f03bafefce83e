"""Regular expressions as Istio takes them: RE2's, which know neither look-around nor back references.

Python's own parser finds the mistakes that both dialects share; what only one of them knows is told apart first.
"""

from __future__ import annotations

import re
import warnings

_ESCAPES = re.compile(r"\\[^0-9]")
_CLASSES = re.compile(r"\[\^?\]?[^\]]*\]")
_NOT_RE2 = re.compile(r"\(\?(?:[=!>(]|<[=!])|\\[1-9]")
"""Look-around, atomic groups, conditions and back references: Python has them, RE2 has not."""

_RE2_ONLY = re.compile(r"\\[pPzQEC]|\[\[:|\(\?[a-zA-Z]*U")
"""Unicode classes, `\\z`, quoting, POSIX classes and the ungreedy flag: RE2 has them, Python has not."""


def mistake(pattern: str) -> str | None:
    """Return what is wrong with a pattern, or None; what only RE2 knows is left to Envoy."""
    bare = _CLASSES.sub("", _ESCAPES.sub("", pattern))
    if found := _NOT_RE2.search(bare):
        return f"invalid or unsupported Perl syntax: `{found.group()}`"
    if _RE2_ONLY.search(pattern):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # about set operations that Python may get one day
        try:
            re.compile(pattern)
        except re.error as error:
            return f"{error}: `{pattern}`"
    return None
