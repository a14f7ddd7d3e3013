"""Reading and preparing an import in a process of its own, so that this one has nothing to do but to append."""

from __future__ import annotations

import gc
import multiprocessing
import os
import queue
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.reduction import DupFd
from typing import Any, BinaryIO, NamedTuple

from api.cli import files, review_files
from api.cli.files import CLAIMREVIEW
from api.cli.json_items import Counted
from api.importing import Fault, Item, Refused, in_order_of_dates, prepare

# Items that are handed over at once.
TOGETHER = 100
# Items in the first window and in the later ones. Larger ones save a few more pages of the indexes, but twice as large
# ones took twice the memory.
FIRST, WINDOW = 500, 10_000
# How many batches wait for the writer: more than a window has. With fewer this process stood until the writer had taken
# them, and then the writer until the next window was prepared: a tenth of the time.
WAITING = WINDOW // TOGETHER + 10
# A file with fewer bytes is prepared right here: starting a process takes longer.
SMALL = 500_000


class Batch(NamedTuple):
    """Prepared items, how many bytes of the file they and those before them took, and whether they end a window."""

    items: list[Item]
    read: int
    last: bool


class Job(NamedTuple):
    """What is to be prepared: which format and kind, how many bytes a body may have, and how many items make a window,
    within which claims are put in the order of their dates."""

    form: str
    kind: str
    most: int
    window: int = WINDOW


class _Handed:
    """A file that a process which is being started gets with its arguments."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __getstate__(self) -> Any:
        return DupFd(self.descriptor)

    def __setstate__(self, state: Any) -> None:
        self.descriptor = state.detach()


def batches(stream: BinaryIO, job: Job) -> Iterator[Batch]:
    """Everything in a stream, prepared. Raises OSError where it cannot be read."""
    counted = Counted(stream)
    if job.form == CLAIMREVIEW:
        items = review_files.read(counted, job.most)
    else:
        items = prepare(files.read(counted, job.form, job.most), job.kind)
    before, most = 0, min(FIRST, job.window)
    while window := in_order_of_dates(islice(items, most)):
        read, size = counted.count, len(window)
        for start in range(0, size, TOGETHER):
            end = min(start + TOGETHER, size)
            yield Batch(window[start:end], before + (read - before) * end // size, end == size)
        # Or this window would be kept until the next one is there.
        window.clear()
        # The first windows are small, so that the writer need not wait for the first large one.
        before, most = read, min(2 * most, job.window)


@contextmanager
def prepared(stream: BinaryIO, job: Job) -> Iterator[Iterator[Batch]]:
    """Everything in a stream, prepared by another process if that is worth while, as long as the context lasts."""
    status = os.fstat(stream.fileno())
    if stat.S_ISREG(status.st_mode) and status.st_size < SMALL:
        yield batches(stream, job)
        return
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(_Handed(stream.fileno()), job, sending), daemon=True)
    process.start()
    sending.close()
    stopped = threading.Event()
    try:
        yield _received(receiving, stopped)
    finally:
        stopped.set()
        process.terminate()
        process.join()
        receiving.close()


def _work(handed: _Handed, job: Job, sending: Connection) -> None:
    # Ctrl-C goes to both; the writer says what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with open(handed.descriptor, "rb") as stream:  # noqa: PTH123
            # As in `api.cli.moving`: next to nothing of what is made here is garbage in cycles.
            gc.disable()
            for batch in batches(stream, job):
                sending.send(batch)
                if batch.last:
                    gc.collect()
        sending.send(None)
    except BrokenPipeError:
        pass  # the writer is gone
    except OSError as error:
        sending.send(Batch([Refused(0, [Fault("", f"The file cannot be read further: {error.strerror}.")])], 0, True))
        sending.send(None)


def _received(receiving: Connection, stopped: threading.Event) -> Iterator[Batch]:
    """What the process sends. A thread takes it as it comes, since a pipe holds too little to work ahead."""
    waiting: queue.Queue[Any] = queue.Queue(WAITING)
    threading.Thread(target=_receive, args=(receiving, waiting, stopped), daemon=True).start()
    while True:
        batch = waiting.get()
        if isinstance(batch, Exception):
            raise batch
        if batch is None:
            return
        yield batch


def _receive(receiving: Connection, waiting: queue.Queue[Any], stopped: threading.Event) -> None:
    got: Any
    while True:
        try:
            got = receiving.recv()
        except (EOFError, OSError):
            got = ChildProcessError("The process that reads the file has died")
        while not stopped.is_set():
            try:
                waiting.put(got, timeout=0.5)
                break
            except queue.Full:
                continue
        if stopped.is_set() or got is None or isinstance(got, Exception):
            return
