"""Patterns are judged as RE2 judges them, as far as that can be known without it."""

from __future__ import annotations

import pytest

from workbench.mesh.regexes import mistake


@pytest.mark.parametrize("pattern", ["[", "(", "a**", "(?P<a", "*"])
def test_what_no_dialect_knows_is_a_mistake(pattern: str) -> None:
    assert mistake(pattern)


@pytest.mark.parametrize("pattern", ["(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "(?>a)", r"(a)\1"])
def test_what_only_python_knows_is_a_mistake(pattern: str) -> None:
    assert "unsupported Perl syntax" in (mistake(pattern) or "")


@pytest.mark.parametrize("pattern", [r"\pN+", r"\p{Greek}", r"a\z", "[[:alpha:]]+", r"\Qa.b\E"])
def test_what_only_re2_knows_is_taken(pattern: str) -> None:
    assert mistake(pattern) is None


@pytest.mark.parametrize("pattern", ["/v1/posts/[0-9]+", r"\(\?=literal", r"[(?=]+", r"a\\", "(?i)a", "(?P<n>a)"])
def test_what_both_know_is_taken(pattern: str) -> None:
    assert mistake(pattern) is None
