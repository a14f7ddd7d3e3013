"""Entries that come from elsewhere, out of a file or from a server, read by somebody who believes none of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import click

from api import __version__
from api.verifier import Checkpoint, Difference, Frontier, check_inclusion, named, open_checkpoint

# Seconds that an answer may take; how often something is asked that can pass by itself, and the pause in between.
TIMEOUT = 60
TRIES = 5
PAUSE = 2.0
# Entries on a page: as many as the route gives.
PAGE = 200

Document = dict[str, Any]
Progress = Callable[[int], None]


@dataclass
class Reading:
    """How far entries were read: their tree, and those whose payload was not there."""

    frontier: Frontier = field(default_factory=Frontier)
    missing: dict[int, str] = field(default_factory=dict)

    def take(self, entry: Document) -> None:
        """Check the next entry and add it. Raises Difference."""
        self.frontier.take(entry)
        if entry.get("payload") is None:
            self.missing[entry["index"]] = named(entry)
        elif entry["kind"] == "payload.erased":
            try:
                erased = [int(item["index"]) for item in json.loads(entry["payload"])["entries"]]
            except (KeyError, TypeError, ValueError):
                raise Difference(f"{named(entry)}: its payload does not say what was erased") from None
            for index in erased:
                self.missing.pop(index, None)

    def check_complete(self) -> None:
        """Raises Difference where a payload is missing that no later entry says was erased."""
        for name in self.missing.values():
            raise Difference(f"{name}: its payload is missing, and no later entry says that it was erased")


@dataclass
class Place:
    """Where somebody who follows a server has got to, as it is kept in a file."""

    origin: str | None = None
    since: str | None = None
    reading: Reading = field(default_factory=Reading)

    @property
    def size(self) -> int:
        """How many entries were read."""
        return self.reading.frontier.size

    def to_json(self) -> str:
        """The text of the file."""
        kept = {"origin": self.origin, "since": self.since, "frontier": self.reading.frontier.to_json()}
        return json.dumps(kept | {"missing": list(self.reading.missing.items())}) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Place:
        """What was kept. Raises ValueError where it is none of ours."""
        try:
            kept = json.loads(text)
            reading = Reading(Frontier.from_json(kept["frontier"]), dict(kept["missing"]))
            return cls(kept["origin"], kept["since"], reading)
        except (KeyError, TypeError) as error:
            raise ValueError("this is no state of 'onrecord verify'") from error


class Server:
    """A server at a URL, and the keys that its checkpoints must be signed with."""

    def __init__(self, url: str, keys: list[str], pause: float) -> None:
        self.url, self._keys, self._pause = url.rstrip("/").removesuffix("/v1"), keys, pause

    def follow(self, place: Place, progress: Progress = lambda done: None) -> Checkpoint:
        """Read on from a place to what is signed now, and move the place there. Out: the checkpoint that agreed.

        The checkpoint comes first, and the entries are read up to just its size: so nothing depends on what is written
        meanwhile. Raises Difference: the place is then of no use any more, and the one in the file must be kept.
        """
        began = Frontier(place.size, place.reading.frontier.nodes)
        while True:
            checkpoint = self._checkpoint(place)
            place.origin = checkpoint.origin
            try:
                for entry in self.entries(place, checkpoint.size):
                    place.reading.take(entry)
                    progress(place.size)
            except Rewound:
                self._locate(began, checkpoint)
                raise Difference(f"the server does not know where we were, after entry {began.size - 1}") from None
            root = place.reading.frontier.root()
            if root != checkpoint.root:
                self._locate(began, checkpoint)
                raise Difference(
                    f"the {place.size} entries have the root {root.hex()}; {checkpoint.root.hex()} is signed"
                )
            # What says that a payload was erased may have been written after the checkpoint, but before it was missed.
            if not place.reading.missing or self._checkpoint(place).size == checkpoint.size:
                place.reading.check_complete()
                return checkpoint

    def _checkpoint(self, place: Place) -> Checkpoint:
        """What is signed now. Behind a proxy one may meet a node that lags behind the one asked before, so one that is
        smaller than the place is asked for again."""
        for attempt in range(TRIES):
            checkpoint = open_checkpoint(
                self.get("log/checkpoint").decode("utf-8", "replace"), self._keys, place.origin
            )
            if checkpoint.size >= place.size:
                return checkpoint
            time.sleep(self._pause if attempt + 1 < TRIES else 0)
        raise Difference(
            f"the log is signed with {checkpoint.size} entries, and {place.size} were there before: "
            f"what follows entry {checkpoint.size - 1} was cut off"
        )

    def entries(self, place: Place, end: int) -> Iterator[Document]:
        """The entries from the place up to number `end`; the place's cursor goes along. Raises Rewound, Difference."""
        tries = TRIES
        while place.size < end:
            most = min(PAGE, end - place.size)
            asked = {"include": "entry", "limit": most} | ({"since": place.since} if place.since else {})
            page = parsed(self.get("changes", asked))
            try:
                entries, following = [_entry(change) for change in page["changes"]], str(page["next"])
            except (KeyError, TypeError):
                raise Difference(f"entry {place.size}: what should bring it is no page of changes") from None
            if len(entries) > most:
                raise Difference(f"entry {place.size}: {most} entries were asked for, and {len(entries)} came")
            # A node that lags behind, or a cache, may not have yet what is signed.
            tries = TRIES if entries else tries - 1
            if not tries:
                raise Difference(f"entry {place.size}: it is not there, and {end} entries are signed")
            time.sleep(0 if entries else self._pause)
            yield from entries
            place.since = following

    def _locate(self, began: Frontier, signed: Checkpoint) -> None:
        """Raises the Difference that says where what is served now parts from what was read before or what was signed,
        as far as that can be told. For that everything is read again, from the beginning."""
        again, leaves, names = Place(), [], []
        try:
            for entry in self.entries(again, max(began.size, signed.size)):
                again.reading.take(entry)
                leaves.append(bytes.fromhex(entry["leaf_hash"]))
                names.append(named(entry))
        except Rewound:
            return
        start = 0
        for kept in began.nodes:
            # The largest subtrees come first.
            end = start + (1 << (began.size - start).bit_length() - 1)
            if _root(leaves[start:end]) != kept:
                raise Difference(f"{_part(names[start:end])}: it is not what was read before")
            start = end
        start, end = self._first_unsigned(leaves, signed)
        if end - start < signed.size:
            raise Difference(f"{_part(names[start:end])}: it is not what was signed")

    def _first_unsigned(self, leaves: list[bytes], signed: Checkpoint) -> tuple[int, int]:
        """Where the first leaf is that is another one in the tree that was signed: the smallest part of the tree that
        is known to have it.

        A proof that leads to the signed root shows the true hashes of the parts that the tree falls into around its
        entry. The first that differs holds the first entry that does, and is looked into in the same way.
        """
        start, end = 0, signed.size
        while end - start > 1:
            # An entry that was rewritten has no such proof, but its neighbour may.
            shown = self._shown(start, signed) or self._shown(end - 1, signed)
            inside = [(part, node) for part, node in shown if start <= part[0] and part[1] <= end]
            differing = [part for part, node in inside if _root(leaves[slice(*part)]) != node]
            if not differing:
                break
            start, end = min(differing)
        return start, end

    def _shown(self, index: int, signed: Checkpoint) -> list[tuple[tuple[int, int], bytes]]:
        """The parts that the signed tree falls into around an entry, and the hash of each; none where the server has no
        proof that leads to the signed root."""
        try:
            proof = parsed(self.get("log/proofs/inclusion", {"index": index, "size": signed.size}))
            leaf, path = bytes.fromhex(proof["leaf_hash"]), [bytes.fromhex(node) for node in proof["path"]]
            check_inclusion(leaf, index, signed.size, path, signed.root)
        except (click.ClickException, Difference, KeyError, TypeError, ValueError):
            return []
        return [((index, index + 1), leaf), *zip(_siblings(index, signed.size), path, strict=True)]

    def get(self, path: str, query: Document | None = None) -> bytes:
        """The body of an answer; what can pass by itself is asked again. Raises ClickException, Rewound."""
        url = f"{self.url}/v1/{path}" + (f"?{urlencode(query)}" if query else "")
        # That it is http(s) was looked at by whoever took the URL.
        request = Request(url, headers={"User-Agent": f"onrecord/{__version__}"})  # noqa: S310
        for attempt in range(TRIES):
            try:
                with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                    return bytes(answer.read())
            except HTTPError as error:
                with error:
                    if error.code == 410:
                        raise Rewound from None
                    if error.code != 429 and error.code < 500:
                        raise click.ClickException(f"{url} answers {error.code}: {_detail(error)}") from None
                    failure, after = f"it answers {error.code}", error.headers.get("Retry-After", "")
            except (URLError, OSError, HTTPException) as error:
                failure, after = str(getattr(error, "reason", "") or error), ""
            if attempt + 1 < TRIES:
                time.sleep(min(float(after), TIMEOUT) if after.isdigit() else self._pause)
        raise click.ClickException(f"{url} cannot be read: {failure}. Try again later.")


class Rewound(Exception):
    """The server does not know the cursor that it gave out."""


def _entry(change: Document) -> Document:
    """The entry in a change, which must be about the same."""
    entry: Document = change["entry"]
    for name, at in (
        ("index", "index"),
        ("at", "recorded_at"),
        ("kind", "kind"),
        ("subject", "subject"),
        ("actor", "actor"),
    ):
        if change[name] != entry[at]:
            raise Difference(f"{named(entry)}: the change that brings it has another {name}")
    return entry


def _siblings(index: int, size: int) -> list[tuple[int, int]]:
    """The entries that each hash of an inclusion path stands for, lowest first: from, up to and not including."""
    start, end, parts = 0, size, []
    while end - start > 1:
        half = start + (1 << (end - start - 1).bit_length() - 1)
        parts.append((half, end) if index < half else (start, half))
        start, end = (start, half) if index < half else (half, end)
    return parts[::-1]


def _part(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"one of {names[0]} to {names[-1]}"


def _root(leaves: list[bytes]) -> bytes:
    tree = Frontier()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def parsed(body: bytes) -> Document:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise Difference("the server sends something that is no JSON object")
    return parsed


def _detail(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError, OSError):
        return str(error.reason)
