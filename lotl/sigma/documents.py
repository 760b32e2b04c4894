"""YAML: bytes to documents with their lines.

Departures from plain YAML 1.1, because authors mean text: dates stay text, and a whole number that is not written in
the usual way (``0x17``, ``010``, ``1:30``) is remarked on. Repeated keys are an error.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import yaml

LARGEST = 8 << 20
"""Bytes of one file; the largest Sigma rule known has a fiftieth of that."""
DEEPEST = 100
"""Levels of nesting in one document."""

_MAP, _SEQ, _STR, _MERGE = (f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "merge"))
_Base: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SEPARATOR = re.compile(rb"^---(?=[ \t\r\n]|$)", re.MULTILINE)
_INDICATORS = bytes.maketrans(b"?:", b"--")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Document(NamedTuple):
    """One YAML document.

    Attributes
    ----------
    content : Any
    line : int
        Its first line in the file, from 1.
    problem : str
        Why it cannot be read; "" where it can.
    remarks : tuple of str
        Numbers that are not written in the usual way.
    shared : bool
        An alias repeats a map or list.
    """

    content: Any
    line: int
    problem: str = ""
    remarks: tuple[str, ...] = ()
    shared: bool = False


class _Loader(_Base):  # type: ignore[misc]
    """PyYAML's safe loader with a constructor of its own: most nodes are text, which needs no dispatch."""

    def build(self, node: Any) -> Any:
        """Construct a document from its root node."""
        self._built: dict[int, Any] = {}
        self._open: set[int] = set()
        self.remarks: list[str] = []
        self.shared = False
        return self._value(node)

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """Find the tag of a node; PyYAML's own search, without what Sigma files never have."""
        if kind is yaml.ScalarNode and implicit[0]:
            for tag, pattern in self.yaml_implicit_resolvers.get(value[:1], ()):
                if pattern.match(value):
                    return tag
            return _STR
        return super().resolve(kind, value, implicit)

    def _value(self, node: Any) -> Any:
        tag = node.tag
        if tag == _STR and isinstance(node, yaml.ScalarNode):
            return node.value
        if tag in (_MAP, _SEQ):
            key = id(node)
            if key not in self._built:  # an alias is the same node, and stays the same object
                if key in self._open:
                    raise yaml.constructor.ConstructorError(None, None, "a value contains itself", node.start_mark)
                self._open.add(key)
                self._built[key] = self._map(node) if tag == _MAP else list(map(self._value, node.value))
                self._open.discard(key)
            else:
                self.shared = True
            return self._built[key]
        return self.construct_object(node, deep=True)

    def _map(self, node: Any) -> dict[Any, Any]:
        own = node.value
        if any(key.tag == _MERGE for key, _ in own):
            self.flatten_mapping(node)  # takes the merge keys out of `own` and puts what they name before it
        mapping = {}
        for key_node, value_node in node.value:
            key = self._value(key_node)
            if isinstance(key, dict | list):
                raise yaml.constructor.ConstructorError(None, None, "a key is no scalar", key_node.start_mark)
            mapping[key] = self._value(value_node)
        if len(mapping) < len(node.value):
            _refuse_repeated(own)
        return mapping

    def construct_spelled(self, node: Any) -> int:
        value: int = self.construct_yaml_int(node)
        if str(value) != node.value:
            line = node.start_mark.line + 1
            self.remarks.append(f"line {line}: {node.value} is the number {value} in YAML; quote it to mean the text")
        return value


def _refuse_repeated(pairs: list[tuple[Any, Any]]) -> None:
    seen = set()
    for key, _ in pairs:
        if (key.tag, key.value) in seen:
            raise yaml.constructor.ConstructorError(None, None, f"repeated key {key.value!r}", key.start_mark)
        seen.add((key.tag, key.value))


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_spelled)


def read(data: bytes) -> list[Document]:
    """Return the documents of a YAML file; empty ones are left out.

    A document that cannot be read is in the list with its problem; those after it are read all the same.

    Examples
    --------
    >>> [(d.line, d.content, d.problem) for d in read(b"a: 1\\n---\\nb: [\\n---\\nc: 3\\n")]
    [(1, {'a': 1}, ''), (3, None, 'line 4: did not find expected node content'), (5, {'c': 3}, '')]
    """
    if len(data) > LARGEST:
        return [Document(None, 1, f"larger than {LARGEST >> 20} MiB")]
    if _too_deep(data):
        return [Document(None, 1, f"nested more than {DEEPEST} levels deep")]
    try:
        return list(_documents(data))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        pieces = list(_pieces(data))
        if len(pieces) == 1:
            return [Document(None, 1, _explain(error, 0))]
    found: list[Document] = []
    for skipped, piece in pieces:
        try:
            found += [document._replace(line=document.line + skipped) for document in _documents(piece)]
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            found.append(Document(None, skipped + 1 + piece.startswith(b"---"), _explain(error, skipped)))
    return found


def _too_deep(data: bytes) -> bool:
    """Say whether a document nests deeper than `DEEPEST`.

    libyaml composes by recursion in C, where deep nesting ends the process. Its event parser does not recurse; it is
    asked only about files that could nest that deep at all.
    """
    on_one_line = b"-" * 20 in data.translate(_INDICATORS, b" \t")  # "- - - -" opens a list per dash
    indented = b" " * DEEPEST in data
    brackets = data.count(b"[") + data.count(b"{")
    if brackets <= DEEPEST and not on_one_line and not indented and data[:2] not in _UTF16:
        return False
    depth = 0
    try:
        for event in yaml.parse(data, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                return True
    except yaml.YAMLError:
        pass  # what was read so far is shallow, and composing stops at the same place
    return False


def _documents(data: bytes) -> Iterator[Document]:
    loader = _Loader(data)
    try:
        while loader.check_data():
            node = loader.get_node()
            content = loader.build(node)
            if content is not None:
                yield Document(content, node.start_mark.line + 1, "", tuple(loader.remarks), loader.shared)
    finally:
        loader.dispose()


def _pieces(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut at document separators: (lines before, bytes)."""
    cuts = [0, *(match.start() for match in _SEPARATOR.finditer(data) if match.start()), len(data)]
    for start, end in itertools.pairwise(cuts):
        yield data.count(b"\n", 0, start), data[start:end]


def _explain(error: Exception, skipped: int) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f"line {mark.line + skipped + 1}: {getattr(error, 'problem', None) or error}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error).replace("\n", " ") or type(error).__name__


def lines(data: bytes, start: int, path: tuple[str | int, ...]) -> int:
    """Return the line of a place in a document: of the deepest part of `path` that exists.

    Parameters
    ----------
    data : bytes
        The file.
    start : int
        First line of the document.
    path : tuple of str or int
    """
    own = _own(data, start)
    if len(path) == 1:
        top = re.search(rb"^%b\s*:" % re.escape(str(path[0]).encode("utf-8", "replace")), own, re.MULTILINE)
        return start + own.count(b"\n", 0, top.start()) if top else start
    try:
        node = yaml.compose(own, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return start
    return start if node is None else start + _descend(node, path) - 1


def _own(data: bytes, start: int) -> bytes:
    """Return the text of the document that begins in a line, so that one of many is not searched for in all."""
    starts = _line_starts(data)
    begin = starts[start - 1] if start <= len(starts) else 0
    after = _SEPARATOR.search(data, begin + 3)
    return data[begin : after.start() if after else None]


@lru_cache(maxsize=4)
def _line_starts(data: bytes) -> list[int]:
    return [0, *(match.end() for match in re.finditer(b"\n", data))]


def _descend(node: Any, path: tuple[str | int, ...]) -> int:
    line: int = node.start_mark.line + 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line
