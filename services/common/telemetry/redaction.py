"""What must never be told: passwords, tokens, cookies and e-mail addresses, taken out of any text.

It is the last line of defence, behind code that does not log secrets: a stack trace or a database's error may quote
what a user sent. Patterns are anchored by what is rare (`@`, `eyJ`, `=`, `:`), so that a line without any costs a
microsecond, and every repetition has a limit, so that no text that a user makes up costs milliseconds.
"""

import re
from typing import Final

REDACTED: Final = "[redacted]"

_URL_PASSWORD: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/@]+@")
# A JSON Web Token: three parts in base64url, the first of which is a JSON object and so begins with eyJ.
_JWT: Final = re.compile(r"eyJ[\w-]{5,400}\.[\w-]+\.[\w-]*")
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}")
# `password=…`, `"refresh_token": "…"`, `Cookie: …`, also in the query of a URL and in the repr of a dict.
_NAMED: Final = re.compile(
    r"""(?ix) ( (?: passw(?:or)?d | passphrase | secret | token | cookie | authorization | api[_-]?key )
    [\w-]{0,30} ["']? \s? [=:] \s? )
    (?: "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | (?:bearer|basic)\s+\S+ | [^\s&;,"'}\])]+ )"""
)
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+")
_NAME_OF_A_SECRET: Final = re.compile(
    r"passw|passphrase|secret|token|authorization|cookie|api_?key|credential|e_?mail", re.IGNORECASE
)


def redact(text: str) -> str:
    """Return the text without secrets; whoever reads it sees where one was."""
    if "@" in text or "%40" in text:
        text = _URL_PASSWORD.sub(rf"\1:{REDACTED}@", text)
        text = _EMAIL.sub(REDACTED, text)
    if "eyJ" in text:
        text = _JWT.sub(REDACTED, text)
    if "=" in text or ":" in text:
        text = _NAMED.sub(rf"\1{REDACTED}", text)
    return _BEARER.sub(rf"\1 {REDACTED}", text)


def is_secret(name: str) -> bool:
    """Return whether a field of this name must not be told, whatever it holds."""
    return bool(_NAME_OF_A_SECRET.search(name))
