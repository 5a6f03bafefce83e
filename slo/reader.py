"""Files in, documents out: YAML with its lines, every mistake named with file, line and field."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from slo.errors import MalformedError
from slo.openslo import KINDS, Document
from slo.tree import Tree, trees

# An SLO file is some kilobytes of text that people write.
MAX_BYTES: Final = 1024 * 1024


@dataclass(frozen=True)
class Found:
    """One document, where it was written, and the digest of its file."""

    document: Document
    file: Path
    digest: str
    tree: Tree = field(repr=False, compare=False)

    @property
    def line(self) -> int:
        return self.tree.line()

    def __str__(self) -> str:
        return self._place(self.line)

    def at(self, *path: int | str) -> str:
        """Return the place of a field, for a message: file, line, document and field."""
        return f"{self._place(self.tree.line(path))}: {'.'.join(map(str, path))}"

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
    for where, tree in _mappings(file, _text(file)[0]):
        yield where, tree.value


def _documents(file: Path) -> Iterator[Found]:
    text, digest = _text(file)
    for where, tree in _mappings(file, text):
        yield Found(_document(where, file, tree), file, digest, tree)


def _mappings(file: Path, text: str) -> Iterator[tuple[str, Tree]]:
    for number, tree in enumerate(trees(file, text), start=1):
        if tree.value is None:
            continue
        where = f"{file} (document {number})"
        if not isinstance(tree.value, dict):
            raise MalformedError(f"{where}: a document of fields is expected, not a plain value")
        yield where, tree


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


def _document(where: str, file: Path, tree: Tree) -> Document:
    kind = tree.value.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise MalformedError(f"{where}: kind {kind!r} is not one of {', '.join(KINDS)}")
    try:
        return KINDS[kind].model_validate(tree.value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise MalformedError(_sentence(file, tree, first)) from error


def _sentence(file: Path, tree: Tree, error: Any) -> str:  # noqa: ANN401 - pydantic's error details
    path, metadata = list(error["loc"]), tree.value.get("metadata")
    name = metadata.get("name", "") if isinstance(metadata, dict) else ""
    place = f"{file}:{tree.line(path)}: {tree.value['kind']} {name}: {'.'.join(map(str, path)) or 'document'}"
    if error["type"] == "extra_forbidden":
        return f"{place}: OpenSLO v1 has no such field; mend the name or remove it"
    reason = str(error["msg"]).removeprefix("Value error, ")
    value = "" if isinstance(error["input"], dict | list) else f" (is {error['input']!r})"
    return f"{place}: {reason}{value}"
