"""A clock that is set back: the log's own time never goes back, and nothing else depends on the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from api.domain.entries import instant
from api.ledger import Source
from api.storage import keys
from api.storage.sqlite import Database
from tests.conftest import NOW
from tests.faults.asking import claim
from tests.faults.checking import check_sound
from tests.faults.running import running
from tests.records import Recorder

LATER = datetime(2099, 1, 1, tzinfo=UTC)


def test_a_server_behind_its_own_log(tmp_path: Path) -> None:
    """A server whose clock is decades before the last entry records, retries and reads by time as ever, on the time of
    that entry."""
    path = tmp_path / "record.db"
    store = Database(path)
    store.migrate()
    record = Recorder(store, Source(now=lambda: LATER))
    record.party("agency")
    record.party("desk")
    with store.turn() as db:
        _, token = keys.create_token(db, party="desk", scopes=("admin",), note=None, now=NOW)
    store.close()
    with running(path) as server:
        since = server.get("/v1/changes?since=now").json["next"]
        made = [claim(server, token, f"Statement {number}") for number in range(3)]
        assert [answer.status for answer in made] == [201] * 3
        assert [answer.json["revision"] for answer in made] == [2, 3, 4]
        assert {answer.json["recorded_at"] for answer in made} == {instant(LATER)}
        assert claim(server, token, "Statement 1").body == made[1].body
        page = server.get(f"/v1/changes?since={since}").json
        assert [(change["index"], change["at"]) for change in page["changes"]] == [
            (n, instant(LATER)) for n in (2, 3, 4)
        ]
        at = {moment: server.get(f"/v1/claims?at={moment}") for moment in (instant(LATER), "2098-12-31T00:00:00.000Z")}
        assert [len(answer.json["items"]) for answer in at.values()] == [3, 0]
        server.stop()
    check_sound(path, 5)
