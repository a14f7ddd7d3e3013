"""`onrecord deliver`, in a process of its own: started, stopped, killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.interop.webhooks import subscriptions
from api.storage import mirrors, webhooks
from api.storage.mirrors import Mirror
from api.storage.webhooks import Webhook
from tests.cli.conftest import Shell
from tests.docs.servers import Server
from tests.records import Recorder
from tests.webhooks.receivers import HERE, OK, Receiver, Request, good, until

SECONDS = 30
HERE_ONLY = {"ONRECORD_WEBHOOK_NETWORKS": "127.0.0.0/8"}


@contextmanager
def deliverer(shell: Shell, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command, from entering to leaving; what it tells is in `deliver.log`."""
    with (shell.folder / "deliver.log").open("ab") as log:
        process = shell.start("deliver", environ=HERE_ONLY | environ, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait(SECONDS)


def told(shell: Shell) -> str:
    """What it told."""
    return (shell.folder / "deliver.log").read_text(encoding="utf-8")


def subscribe(shell: Shell, receiver: Receiver) -> Webhook:
    """Make a subscription."""
    with shell.database.turn() as db:
        body = {"url": f"{receiver.url}?key=s3cret"}
        return subscriptions.add(db, body, "agency", HERE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_deliver_ends_when_it_is_told_to(shell: Shell, number: int) -> None:
    """With status 0, and with what it did written down; its log has neither an address nor a secret in it."""
    with Receiver() as receiver, deliverer(shell) as process:
        webhook = subscribe(shell, receiver)
        Recorder(shell.database).party("one")
        until(lambda: receiver.indexes == [3])
        process.send_signal(number)
        assert process.wait(SECONDS) == 0
    after = webhooks.find(shell.database.reader(), webhook.id)
    assert after and after.upcoming == 4
    assert "webhooks are delivered" in told(shell)
    assert "s3cret" not in told(shell) and "whsec" not in told(shell)


def test_a_second_one_waits_and_takes_over(shell: Shell) -> None:
    """Two never deliver at once; the second goes on where the first was killed."""
    with Receiver() as receiver, deliverer(shell) as first:
        subscribe(shell, receiver)
        until(lambda: "webhooks are delivered" in told(shell))
        with deliverer(shell):
            until(lambda: "another process delivers" in told(shell))
            Recorder(shell.database).party("one")
            until(lambda: receiver.indexes == [3])
            first.kill()
            first.wait(SECONDS)
            Recorder(shell.database).party("two")
            until(lambda: receiver.indexes[-1:] == [4])
    assert sorted(set(receiver.indexes)) == [3, 4]


def test_nothing_is_missed_when_it_is_killed(shell: Shell) -> None:
    """Killed between the receiver's work and the moment that its answer is written down: the message comes again, with
    the same id, and those after it in order."""
    running: list[subprocess.Popen[bytes]] = []
    kills = iter([4, 9, 14])
    due = next(kills)

    def killing(connection: socket.socket, request: Request) -> bool:
        nonlocal due
        if request.index == due:
            due = next(kills, -1)
            os.kill(running[-1].pid, signal.SIGKILL)
            return False
        connection.sendall(OK)
        return True

    with Receiver(killing) as receiver:
        subscribe(shell, receiver)
        record = Recorder(shell.database)
        with record.together():
            for number in range(17):
                record.party(f"p{number}")
        for _ in range(3):
            with deliverer(shell) as process:
                running.append(process)
                process.wait(SECONDS)
        with deliverer(shell):
            until(lambda: receiver.indexes[-1:] == [19])
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    firsts = [index for place, index in enumerate(receiver.indexes) if index not in receiver.indexes[:place]]
    assert firsts == list(range(3, 20))
    assert len(ids) > len(set(ids)) == 17


def test_serve_delivers_as_well(tmp_path: Path) -> None:
    """On SQLite, in one of its processes, unless a setting says otherwise; and stops in time."""
    shell = Shell(tmp_path)
    shell.database.migrate()
    record = Recorder(shell.database)
    record.party("agency")
    place = {"DATABASE_URL": f"sqlite:///{shell.path}", "WEB_CONCURRENCY": "2"} | HERE_ONLY
    with Receiver() as receiver:
        webhook = subscribe(shell, receiver)
        with Server("serve", tmp_path, ONRECORD_DELIVER="false", **place):
            right = shell.database.deliver()
            assert right is not None
            right.release()
        with Server("serve", tmp_path, **place) as server:
            record.party("one")
            until(lambda: receiver.indexes == [1])
            assert shell.database.deliver() is None
        assert "Traceback" not in server.output()
    after = webhooks.find(shell.database.reader(), webhook.id)
    assert after and after.upcoming == 2
    shell.database.close()


def test_a_mirror_delivers_nothing(shell: Shell) -> None:
    """Its source does."""
    with shell.database.turn() as db:
        mirrors.put(db, Mirror("https://source.example", "source.example/log", ("k",)))
    done = shell.apart("deliver")
    assert done.status == 1
    assert done.err.splitlines()[-1].startswith("Error: This is a mirror")
    assert "https://source.example" in done.err


def test_deliver_needs_a_record(bare: Shell) -> None:
    """Where there is none it says what to do."""
    done = bare.apart("deliver")
    assert (done.status, "onrecord migrate" in done.err) == (1, True)


def test_receivers_are_not_called_by_default(shell: Shell) -> None:
    """Without the setting no receiver in a private network is called, whatever stands in the database."""
    with Receiver(good) as receiver, deliverer(shell, ONRECORD_WEBHOOK_NETWORKS=""):
        webhook = subscribe(shell, receiver)
        Recorder(shell.database).party("one")

        def failed() -> bool:
            found = webhooks.find(shell.database.reader(), webhook.id)
            return found is not None and found.error == "address"

        until(failed)
        assert receiver.connections == 0
