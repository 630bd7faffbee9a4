# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Manifests from files, folders or standard input, each with the file and line that it came from."""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from modelplane.paths import Manifest
from yaml.resolver import BaseResolver

from modelplane_cli.errors import BadInput

STDIN = "-"
MAX_DEPTH = 100
MAX_NODES = 1_000_000
SUFFIXES = frozenset({".yaml", ".yml", ".json"})

_PREFIX = "tag:yaml.org,2002:"
_SCALARS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF", list("tTfFyYnNoO")),
    "int": (r"[-+]?(0|[1-9][0-9]*|0[0-7]+|0x[0-9a-fA-F]+)", list("-+0123456789")),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    "merge": (r"<<", ["<"]),
}
"""Plain scalars as kubectl reads them: no dates, no numbers in base 60."""


class _Loader(yaml.CSafeLoader):
    """A safe loader that refuses a key given twice and keys that are no strings."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  PyYAML's own protocol

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: ARG002, FBT001, FBT002  the base class calls it so
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == _PREFIX + "merge":
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a string", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} is given twice", key.start_mark)
            seen.add(key.value)
            key.tag = BaseResolver.DEFAULT_SCALAR_TAG
        return super().construct_mapping(node, deep=True)


for _tag, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(_PREFIX + _tag, re.compile(f"^(?:{_pattern})$"), _first)


@dataclass(frozen=True)
class Document:
    """One manifest: where it came from, and its data."""

    path: str
    line: int
    body: Manifest
    node: yaml.MappingNode

    @property
    def where(self) -> str:
        """Return the document's file and first line."""
        return f"{self.path}:{self.line}"

    def line_of(self, *steps: str | int) -> int:
        """Return the line of a field, or of the nearest parent that is there."""
        node: yaml.Node = self.node
        line = self.line
        for step in steps:
            found = _step(node, step)
            if found is None:
                return line
            line, node = found
        return line


def documents(paths: Iterable[str]) -> list[Document]:
    """Return the manifests of files, folders (every YAML and JSON file below) or "-"; raise BadInput."""
    return [doc for given in paths for file in _files(given) for doc in read(_text(file), file)]


def read(text: str, path: str) -> list[Document]:
    """Return the manifests of one text, the items of a List each on its own."""
    try:
        return list(_documents(text, path))
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else 1
        raise BadInput(f"{path}:{line}: cannot read YAML: {err.problem or err.context}") from err
    except yaml.YAMLError as err:
        raise BadInput(f"{path}: cannot read YAML: {err}".splitlines()[0]) from err


def _documents(text: str, path: str) -> Iterator[Document]:
    if _too_deep(text):
        raise BadInput(f"{path}: cannot read YAML: it is nested more than {MAX_DEPTH} levels deep")
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            size, depth = _unfolded(node, {})
            if size > MAX_NODES or depth > MAX_DEPTH:
                raise BadInput(f"{path}: cannot read YAML: its aliases unfold to too much; write fewer")
            body = loader.construct_document(node)
            if body is not None and node is not None:
                yield from _manifests(body, node, path)
    finally:
        loader.dispose()


def _too_deep(text: str) -> bool:
    """Return whether composing the text would overrun the parser's stack, which libyaml's binding does not guard."""
    if text.count("[") + text.count("{") + max(map(len, text.splitlines()), default=0) < MAX_DEPTH:
        return False
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            return True
    return False


def _unfolded(node: yaml.Node | None, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Return how many nodes there are once aliases are unfolded, and how deep they nest."""
    if id(node) not in known:
        known[id(node)] = (1, 1)  # an alias of what holds it is an error of its own
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            parts = node.value
        inner = [_unfolded(part, known) for part in parts]
        known[id(node)] = (1 + sum(size for size, _ in inner), 1 + max((depth for _, depth in inner), default=0))
    return known[id(node)]


def _manifests(body: object, node: yaml.Node, path: str) -> Iterator[Document]:
    line = node.start_mark.line + 1
    if not isinstance(body, dict) or not isinstance(node, yaml.MappingNode):
        raise BadInput(f"{path}:{line}: cannot read a manifest: it must be a mapping with apiVersion and kind")
    if body.get("kind") == "List" and isinstance(body.get("items"), list):
        items = _step(node, "items")
        for index, item in enumerate(body["items"]):
            found = _step(items[1], index) if items else None
            yield from _manifests(item, found[1] if found else node, path)
        return
    for field in ("apiVersion", "kind"):
        if not isinstance(body.get(field), str) or not body[field]:
            raise BadInput(f"{path}:{line}: cannot read a manifest without {field}; add it")
    yield Document(path, line, body, node)


def _step(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    """Return the line and the node of one field or item of a node."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line + 1, item
    return None


def _files(given: str) -> list[str]:
    if given == STDIN:
        return [STDIN]
    path = Path(given)
    if not path.exists():
        raise BadInput(f"{given}: cannot read: no such file or folder")
    if not path.is_dir():
        return [given]
    found = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file() and not _hidden(p, path))
    if not found:
        raise BadInput(f"{given}: cannot read: the folder holds no .yaml, .yml or .json file")
    return [str(p) for p in found]


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _text(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as err:
        raise BadInput(f"{file}: cannot read: {err.strerror}") from err
    except UnicodeDecodeError as err:
        raise BadInput(f"{file}: cannot read: it is not UTF-8 text") from err
