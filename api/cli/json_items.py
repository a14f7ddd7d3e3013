"""JSON that is longer than memory: the items of arrays and feeds as they stand in a file, one after another.

They are found by brackets, commas and quotation marks alone. What is between these is not looked at here, so that an
item that is no JSON is refused by itself and the next one is found. Nothing is kept but the item at hand.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import BinaryIO, NamedTuple

from api.importing import Fault

BLOCK = 65_536
# A key that is longer names nothing that anybody reads.
LONGEST_KEY = 1_000

_MARK = re.compile(rb'[\[\]{},"]')
_IN_TEXT = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_BOM = b"\xef\xbb\xbf"


class Part(NamedTuple):
    """An item: the line that it begins in, where it stands in its feed (RFC 6901), and its text; None where that is too
    long, a Fault where the file is broken, and then nothing follows."""

    line: int
    pointer: str
    text: bytes | Fault | None


class Counted:
    """A stream that knows how many bytes were read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def block(self) -> bytes:
        """The next bytes, empty at the end."""
        data = self._stream.read(BLOCK)
        self.count += len(data)
        return data

    def lines(self, most: int) -> Iterator[tuple[int, bytes | None]]:
        """Each line with its number, counted from 1; None in place of one longer than `most` bytes, which is not
        kept."""
        number = 0
        while line := self._stream.readline(most + 1):
            number += 1
            self.count += len(line)
            if len(line) > most and not line.endswith(b"\n"):
                while line and not line.endswith(b"\n"):
                    line = self._stream.readline(BLOCK)
                    self.count += len(line)
                yield number, None
            else:
                yield number, line


class Scanner:
    """Walks over the JSON in a stream; `line` is the one that it has come to, counted from 1. An item may have `most`
    bytes."""

    def __init__(self, stream: Counted, most: int) -> None:
        self._stream, self._most = stream, most
        self._data = stream.block().removeprefix(_BOM)
        self._at = 0
        self._ended = not self._data
        self.line = 1

    def peek(self) -> bytes:
        """Go on to the next byte that is no white space, and say which it is; empty at the end."""
        while True:
            rest = self._data[self._at :]
            kept = rest.lstrip(b" \t\r\n")
            self.line += rest[: len(rest) - len(kept)].count(b"\n")
            self._data, self._at = kept, 0
            if kept or not self._more():
                return kept[:1]

    def advance(self) -> None:
        """Walk over the byte that `peek` named."""
        self._at += 1

    def key(self) -> bytes | None:
        """The key that comes next, in its quotation marks, and the colon behind it; None where there is none."""
        if self.peek() != b'"':
            return None
        self._at = 1
        while True:
            inside = _IN_TEXT.match(self._data, self._at)
            self._at = inside.end() if inside else self._at
            if self._data[self._at : self._at + 1] == b'"':
                break
            if self._at > LONGEST_KEY or not self._more():
                return None
        text, self._data, self._at = self._data[: self._at + 1], self._data[self._at + 1 :], 0
        if self.peek() != b":":
            return None
        self.advance()
        return text

    def item(self) -> tuple[bytes | None, bytes]:
        """The next item, None if it is too long, and the byte that ended it: a comma, a bracket, or nothing at the
        end."""
        depth, in_text, too_long = 0, False, False
        while True:
            if in_text:
                inside = _IN_TEXT.match(self._data, self._at)
                self._at = inside.end() if inside else self._at
                if self._data[self._at : self._at + 1] == b'"':
                    in_text, self._at = False, self._at + 1
                    continue
            else:
                mark = _MARK.search(self._data, self._at)
                if mark is not None:
                    self._at = mark.end()
                    kind = mark[0]
                    if kind == b'"':
                        in_text = True
                    elif kind in b"[{":
                        depth += 1
                    elif depth and kind in b"]}":
                        depth -= 1
                    elif not depth:
                        return None if too_long or self._at - 1 > self._most else self._cut(), kind
                    continue
                self._at = len(self._data)
            if self._at > self._most:
                too_long = True
                self._cut()
            if not self._more():
                return None if too_long else self._cut(), b""

    def _cut(self) -> bytes:
        """Let go of what was walked over; of an item, its text without what ended it."""
        text, self._data, self._at = self._data[: self._at], self._data[self._at :], 0
        self.line += text.count(b"\n")
        return text[:-1].rstrip(b" \t\r\n")

    def _more(self) -> bool:
        block = b"" if self._ended else self._stream.block()
        self._ended = not block
        self._data += block
        return not self._ended


def array(stream: Counted, most: int) -> Iterator[Part]:
    """The items of a file that is one JSON array; each may have `most` bytes."""
    scanner = Scanner(stream, most)
    if scanner.peek() != b"[":
        detail = "The file is no JSON array: it does not begin with '['. Is it --format ndjson?"
        yield Part(scanner.line, "", Fault("", detail))
        return
    scanner.advance()
    sound = yield from _list(scanner, "")
    if sound and scanner.peek():
        yield Part(scanner.line, "", Fault("", "The array ends here, and something follows it: the rest was not read."))


def feed(stream: Counted, most: int, lists: tuple[str, ...]) -> Iterator[Part]:
    """The items of a file of objects, arrays, or objects with a member of `lists` that is an array, one after another;
    each may have `most` bytes. Of an object with such a member nothing else is an item."""
    scanner = Scanner(stream, most)
    sound = True
    while sound and (first := scanner.peek()):
        if first not in (b"[", b"{"):
            detail = "This is no JSON of reviews: an object or an array begins here, with '{' or '['."
            yield Part(scanner.line, "", Fault("", detail))
            return
        scanner.advance()
        sound = yield from (_list(scanner, "") if first == b"[" else _object(scanner, most, lists))


# How the file goes on: True where it is sound so far.
_Parts = Generator[Part, None, bool]


def _list(scanner: Scanner, pointer: str) -> _Parts:
    """The items of an array whose bracket was walked over."""
    index = 0
    while True:
        scanner.peek()
        line = scanner.line
        text, after = scanner.item()
        if after == b"":
            yield Part(
                line, pointer, Fault(pointer, "The file ends in the middle of the array: what follows is missing.")
            )
            return False
        if not (index == 0 and after == b"]" and text == b""):
            yield Part(line, f"{pointer}/{index}", text)
        index += 1
        if after == b"]":
            return True
        if after != b",":
            detail = "The array ends here, and something follows it: the rest was not read."
            yield Part(scanner.line, pointer, Fault(pointer, detail))
            return False


def _object(scanner: Scanner, most: int, lists: tuple[str, ...]) -> _Parts:
    """The items of an object whose bracket was walked over: those of its list, or it alone."""
    line, members, size, has_list = scanner.line, list[bytes](), 0, False
    after = scanner.peek()
    if after == b"}":
        scanner.advance()
    while after != b"}":
        key = scanner.key()
        if key is None:
            return (yield from _broken(scanner))
        name = key[1:-1].decode("utf-8", "replace")
        if scanner.peek() == b"[" and name in lists:
            has_list = True
            scanner.advance()
            if not (yield from _list(scanner, f"/{name}")):
                return False
            after = scanner.peek()
            scanner.advance()
        else:
            text, after = scanner.item()
            size += most + 1 if text is None else len(key) + len(text) + 2
            # What is too long is not kept.
            if size > most:
                members.clear()
            else:
                members.append(key + b":" + (text or b""))
        if after not in (b",", b"}"):
            return (yield from _broken(scanner))
    if not has_list:
        yield Part(line, "", None if size > most else b"{" + b",".join(members) + b"}")
    return True


def _broken(scanner: Scanner) -> _Parts:
    yield Part(scanner.line, "", Fault("", "The object is broken here, or ends too early: the rest was not read."))
    return False
