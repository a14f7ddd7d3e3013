"""Two servers on one database file: they take turns, and neither loses or doubles what the other wrote."""

from __future__ import annotations

import threading
from pathlib import Path

from api.storage import log
from api.storage.sqlite import Database
from tests.contract.servers import Got
from tests.faults.asking import claim
from tests.faults.checking import check, check_derived
from tests.faults.pollers import Poller
from tests.faults.running import Nursery, Running, awaited, prepared
from tests.faults.writers import Writer

NAMES = ("w0", "w1", "w2", "w3")
# How many writes each writer makes at the least before and after one of the servers is killed.
WRITES = 15


def test_two_servers(tmp_path: Path) -> None:
    """Writers at both, of which one is killed and started again: the log has every entry once, and a poller at each
    sees all of them in order."""
    path = tmp_path / "record.db"
    tokens = prepared(path, *NAMES)
    with Nursery() as nursery, Running(nursery, path) as one, Running(nursery, path) as other:
        for server in (one, other):
            server.start(cold=False)
        writers = [
            Writer(name, server.port, tokens[name], f"two-{name}")
            for name, server in zip(NAMES, (one, other, one, other), strict=True)
        ]
        pollers = [Poller(server.port, "two") for server in (one, other)]
        for thread in (*writers, *pollers):
            thread.start()

        def everybody_wrote(least: int) -> bool:
            failed = [thread.failure for thread in (*writers, *pollers) if thread.failure]
            assert not failed, failed
            return all(writer.acknowledged >= least for writer in writers)

        awaited(lambda: everybody_wrote(WRITES), one.said)
        other.kill()
        before = writers[0].acknowledged
        awaited(lambda: writers[0].acknowledged > before + 5, one.said)
        other.start(cold=False)
        least = max(writer.acknowledged for writer in writers) + WRITES
        awaited(lambda: everybody_wrote(least), one.said)
        for writer in writers:
            writer.end()
            writer.join()
        writes = [write for writer in writers for write in writer.writes]
        size = 3 + len(NAMES) + len(writes)
        awaited(lambda: everybody_wrote(least) and all(len(poller.seen) == size for poller in pollers), one.said)
        for poller in pollers:
            poller.end()
            poller.join()
        assert pollers[0].seen == pollers[1].seen
        for server in (one, other):
            server.stop()
    assert all(write.reply for write in writes)
    database = Database(path)
    assert log.head(database.reader()).size == size
    for poller in pollers:
        check(database, writes, poller, 3 + len(NAMES))
    check_derived(database)
    database.close()


def test_two_servers_are_one_record(tmp_path: Path) -> None:
    """What is written at one is at the other at once: for reading, for who waits there, and for a retry with the same
    key."""
    path = tmp_path / "record.db"
    token = prepared(path, "desk")["desk"]
    with Nursery() as nursery, Running(nursery, path) as one, Running(nursery, path) as other:
        for server in (one, other):
            server.start(cold=False)
            server.await_ready()
        since = other.get("/v1/changes?since=now").json["next"]
        held: list[Got] = []
        waiter = threading.Thread(target=lambda: held.append(other.get(f"/v1/changes?wait=25&since={since}")))
        waiter.start()
        made = claim(one, token, "Said at one of them.")
        waiter.join(15)  # well before the wait would have ended by itself
        assert [change["index"] for change in held[0].json["changes"]] == [made.json["revision"]] == [4]
        assert other.get(f"/v1/claims/{made.json['id']}").json | {"matches": []} == made.json
        again = claim(other, token, "Said at one of them.")
        assert (again.status, again.body, again.headers["etag"]) == (201, made.body, made.headers["etag"])
        assert one.get("/v1/changes").json["head"]["size"] == 5
