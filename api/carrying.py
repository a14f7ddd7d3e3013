"""Moving a record into another database, of whichever engine: the same entries, salts, hashes and root, so that
cursors, ETags and proofs stay valid; and tokens, remembered answers and the state of a mirror.

The source is read and written to meanwhile. What it has is taken over part by part, each durable by itself, so a move
that was ended goes on where it was. Only the last step holds the source's turn: it takes what is left, and notes in the
source that its record went away, from which moment on nobody can write there. After that the target is opened. So there
is never an entry in the one that the other lacks and that somebody was told is there; and at no moment can both be
written to.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from api import adopting, checkpoints
from api.adopting import Part
from api.checkpoints import Heads
from api.errors import LedgerRewound, Refusal
from api.received import Unfit
from api.storage import log, mirrors, moves, tree
from api.storage.database import Database, is_server
from api.storage.log import Connection, Head
from api.storage.moves import AWAY, INTO, Move

# How many entries become durable together, at most.
TOGETHER = 2_000

# Told how many entries of the source are in the target.
Progress = Callable[[int], None]


class Unmovable(Refusal):
    """These two databases are not the ends of one move; nothing was changed."""


class MovedAlready(Refusal):
    """There is nothing left to do: the record is in the target."""


def begin(source: Database, target: Database) -> Head:
    """Begin to move a record into an empty database, into one that it was moved away from, or go on with a move. Out:
    the head of the target, with which the source's log begins.

    From here on nobody else writes to the target. Raises Unmovable, and MovedAlready.
    """
    with source.snapshot() as db, target.turn() as there:
        ours, size, found = moves.state(db), log.head(db).size, log.head(there)
        theirs = moves.state(there)
        if not size:
            raise Unmovable(f"{source.name} has no entries: make a record in the new place with 'onrecord init'.")
        if ours and ours.direction == INTO:
            raise Unmovable(f"{source.name} has only a part of the record: move it there from {ours.other} first.")
        if ours:
            _check_gone(db, ours, there, theirs, target)
        if theirs is None and (found.size or mirrors.state(there)):
            what = f"has {found.size:,} entries" if found.size else "is a mirror"
            raise Unmovable(f"{target.name} {what}: move into a new database.")
        if not _begins_with(db, found):
            raise Unmovable(
                f"The {found.size:,} entries of {target.name} are not those that the log of {source.name} begins with:"
                " move into a new database."
            )
        _check_heads(db, target)
        moves.put(there, Move(INTO, called(source), theirs.unswept if theirs else False))
    return found


def catch_up(source: Database, target: Database, progress: Progress = lambda done: None) -> Head:
    """Take over what the source has by now, part by part, while others write to it. Out: the head of the target."""
    target.write_in_bulk()
    known = log.head(target.reader())
    while True:
        with source.snapshot() as db:
            size = log.head(db).size
            part = _part(db, known.size, min(known.size + TOGETHER, size))
        if part.entries:
            known = _take(target, known, part)
            target.checkpoint()
            progress(known.size)
        if known.size == size:
            return known


def hand_over(source: Database, target: Database) -> Head:
    """The last step, in the source's turn: take over what is left and what is not in the log, and note in the source
    that its record went away. Out: the head of both.

    Raises Unfit where the heads are not the same, LedgerRewound where the source has lost what was signed: it is then
    as it was before.
    """
    with source.turn() as db:
        checkpoints.check(db, Heads(source.heads).last())
        head, known = log.head(db), log.head(target.reader())
        while known.size < head.size:
            known = _take(target, known, _part(db, known.size, min(known.size + TOGETHER, head.size)))
        if known != head:
            raise Unfit(f"{target.name} has another head than {source.name}: run 'onrecord verify' on both.")
        with target.turn() as there:
            moves.carry(db, there)
        moves.put(db, Move(AWAY, called(target)))
    return head


def open_up(target: Database) -> bool:
    """Let the target be written to, which has all of the record. Out: whether it may still hold what was erased while
    the record was moved, which `Database.sweep` sees to."""
    with target.turn() as db:
        state = moves.state(db)
        moves.end(db)
    return state is not None and state.unswept


def take_back(source: Database) -> Move:
    """Let a database be written to again that its record was moved away from. Out: what was known of that move. Raises
    Unmovable for any other."""
    with source.turn() as db:
        state = moves.state(db)
        if state is None or state.direction != AWAY:
            raise Unmovable(f"The record of {source.name} was not moved away.")
        moves.end(db)
    return state


def called(database: Database) -> str:
    """What a database is called in the notes of a move: its path, wherever one stands, or its URL without user and
    password."""
    return database.name if is_server(database.name) else str(Path(database.name).absolute())


def _check_gone(db: Connection, ours: Move, there: Connection, theirs: Move | None, target: Database) -> None:
    """What is to be done where the source's record went away already: the same move once more, whose end was missed."""
    if ours.other == called(target):
        if theirs and theirs.direction == INTO:
            return
        head = log.head(db)
        with suppress(LookupError):
            if theirs is None and log.head(there).size >= head.size and tree.root_at(there, head.size) == head.root:
                raise MovedAlready(f"The record was moved to {target.name} before: set DATABASE_URL to it.")
    raise Unmovable(
        f"The record was moved to {ours.other}: move it from there. Should that be lost, 'onrecord move --undo' lets"
        " this one be written to again."
    )


def _begins_with(db: Connection, head: Head) -> bool:
    """Whether a log begins with all entries of another one."""
    if head.size > log.head(db).size:
        return False
    return not head.size or tree.root_at(db, head.size) == head.root


def _check_heads(db: Connection, target: Database) -> None:
    """What lies where the target's signed heads would be must be of this log: else nobody could write to it there."""
    try:
        checkpoints.check(db, Heads(target.heads).last())
    except LedgerRewound:
        raise Unmovable(
            f"The heads in {target.heads} are of another log, or of more of this one: put them somewhere else, or set"
            " ONRECORD_HEADS."
        ) from None


def _part(db: Connection, start: int, end: int) -> Part:
    """Some entries of the source, and those beyond them that say what was erased of them."""
    found = list(log.sealed_entries(db, start, end))
    beyond = sorted({sealed.erased.index for sealed in found if sealed.erased and sealed.erased.index >= end})
    part = Part(
        [sealed._replace(erased=None, skeleton=None) for sealed in found],
        [sealed for by in beyond for sealed in log.sealed_entries(db, by, by + 1)],
    )
    missing = part.unexplained
    if missing is None and len(found) < end - start:
        missing = start + len(found)
    if missing is not None:
        raise Unfit(f"Entry {missing} of the source is missing, or its payload: 'onrecord verify' says more.")
    return part


def _take(target: Database, known: Head, part: Part) -> Head:
    def note(db: Connection, erased: bool) -> None:
        state = moves.state(db)
        if erased and state:
            moves.put(db, state._replace(unswept=True))

    # What was signed of the log the target has only when it has all of it.
    return adopting.adopt(target, known, part, note, filling=True)
