"""Files in, documents out: YAML with its lines, every mistake named with file, line and field."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import ScalarNode

from slo.errors import MalformedError
from slo.openslo import KINDS, Document

# An SLO file is some kilobytes of text that people write.
MAX_BYTES: Final = 1024 * 1024
# Aliases are a convenience; each may stand for everything before it, so that a few lines can mean a billion values.
MAX_VALUES: Final = 10_000
# The deepest OpenSLO document has a dozen levels.
MAX_DEPTH: Final = 50


class _Constructor(RoundTripConstructor):
    """Keeps `startTime: 2022-01-01 12:00:00` the text that OpenSLO says it is, where YAML 1.1 makes a date of it."""


def _text_of(_constructor: RoundTripConstructor, node: ScalarNode) -> str:
    return str(node.value)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _text_of)


@dataclass(frozen=True)
class Found:
    """One document, where it was written, and the digest of its file."""

    document: Document
    file: Path
    line: int
    digest: str
    node: CommentedMap = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self._place(self.line)

    def at(self, *path: int | str) -> str:
        """Return the place of a field, for a message: file, line, document and field."""
        return f"{self._place(_line(self.node, path))}: {'.'.join(map(str, path))}"

    def _place(self, line: int) -> str:
        return f"{self.file}:{line}: {self.document.kind} {self.document.metadata.name}"


def read(paths: Sequence[Path]) -> list[Found]:
    """Read files, and every YAML file below folders.

    Raises:
        SloError: something is wrong; the first mistake is reported.
    """
    found: dict[tuple[str, str], Found] = {}
    for path in paths:
        for one in (one for file in _files(path) for one in _documents(file)):
            # Names that differ by case only would become one metric label or file name on some systems.
            key = (one.document.kind, one.document.metadata.name.lower())
            if key in found:
                raise MalformedError(f"{one}: the name is taken by {found[key]}; give it another one")
            found[key] = one
    return list(found.values())


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*.y*ml") if file.is_file())
    return [path]


def plain_documents(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a file's YAML documents as plain values, each with the place it stands for in messages.

    Raises:
        MalformedError: the file cannot be read, or holds no mappings.
    """
    for where, _, plain in _mappings(file, _text(file)[0]):
        yield where, plain


def _documents(file: Path) -> Iterator[Found]:
    text, digest = _text(file)
    for where, node, plain in _mappings(file, text):
        yield Found(_document(where, file, node, plain), file, node.lc.line + 1, digest, node)


def _mappings(file: Path, text: str) -> Iterator[tuple[str, CommentedMap, dict[str, Any]]]:
    for number, node in enumerate(_nodes(file, text), start=1):
        if node is None:
            continue
        where = f"{file} (document {number})"
        if not isinstance(node, CommentedMap):
            raise MalformedError(f"{where}: a document of fields is expected, not a plain value")
        yield where, node, _Values(where).plain(node)


def _text(file: Path) -> tuple[str, str]:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise MalformedError(f"{file}: larger than {MAX_BYTES} bytes, which no SLO file is")
        content = file.read_bytes()
        return content.decode("utf-8-sig"), sha256(content).hexdigest()
    except OSError as error:
        raise MalformedError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MalformedError(f"{file}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error


def _nodes(file: Path, text: str) -> list[Any]:
    try:
        _refuse_depth(file, text)
        yaml = YAML(typ="rt")
        yaml.Constructor = _Constructor
        return list(yaml.load_all(text))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        hint = " (YAML indents with spaces, never with tabs)" if "\\t" in str(error.problem) else ""
        raise MalformedError(f"{file}:{line}: not valid YAML: {error.problem}{hint}") from error
    except YAMLError as error:
        raise MalformedError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from error


def _refuse_depth(file: Path, text: str) -> None:
    """Refuse what would exhaust the stack of every recursive reader, before anything is built from it."""
    depth = 0
    for event in YAML(typ="rt").parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1
            raise MalformedError(f"{file}:{line}: nested deeper than {MAX_DEPTH} levels, which no OpenSLO document is")


def _document(where: str, file: Path, node: CommentedMap, plain: dict[str, Any]) -> Document:
    kind = plain.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise MalformedError(f"{where}: kind {kind!r} is not one of {', '.join(KINDS)}")
    try:
        return KINDS[kind].model_validate(plain)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise MalformedError(_sentence(file, node, plain, first)) from error


def _sentence(file: Path, node: CommentedMap, plain: dict[str, Any], error: Any) -> str:  # noqa: ANN401 - pydantic's error details
    path = list(error["loc"])
    metadata = plain.get("metadata")
    name = metadata.get("name", "") if isinstance(metadata, dict) else ""
    place = f"{file}:{_line(node, path)}: {plain['kind']} {name}: {'.'.join(map(str, path)) or 'document'}"
    if error["type"] == "extra_forbidden":
        return f"{place}: OpenSLO v1 has no such field; mend the name or remove it"
    reason = str(error["msg"]).removeprefix("Value error, ")
    value = "" if isinstance(error["input"], dict | list) else f" (is {error['input']!r})"
    return f"{place}: {reason}{value}"


def _line(node: CommentedMap | CommentedSeq, path: Sequence[int | str]) -> int:
    """Return the line (from 1) of the field, or of the nearest one above it that has a line."""
    line: int = node.lc.line
    here: Any = node
    for step in path:
        if not isinstance(here, CommentedMap | CommentedSeq) or step not in here.lc.data:
            break
        line = here.lc.data[step][0]
        here = here[step]
    return line + 1


class _Values:
    """Makes plain values of a YAML tree, and stops at a document whose aliases stand for more than it may hold."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._left = MAX_VALUES

    def plain(self, node: Any, depth: int = 0) -> Any:  # noqa: ANN401 - a YAML tree
        self._left -= 1
        # An alias may also stand for something around it: a tree without an end.
        if self._left < 0 or depth > MAX_DEPTH:
            raise MalformedError(f"{self._where}: its aliases stand for too many values; write the values out")
        if isinstance(node, dict):
            return {str(key): self.plain(value, depth + 1) for key, value in node.items()}
        if isinstance(node, list):
            return [self.plain(value, depth + 1) for value in node]
        for kind in (bool, int, float, str):
            if isinstance(node, kind):
                return kind(node)
        return node if node is None else str(node)
