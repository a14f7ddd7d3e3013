"""Writers over HTTP that never give up a write: each is sent again, with the same key, until it is acknowledged."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from random import Random
from typing import Any

from tests.contract.servers import Asker, Got
from tests.records import APPEARANCE

POSITIONS = ("voluntary", "mandatory", "unclear")
RATINGS = ("true", "mostly_true", "false", "unproven")
# How often a writer tries a server that does not answer, and how long it waits for one that does, in seconds.
PAUSE, TIMEOUT = 0.01, 30


@dataclass
class Write:
    """One write. `mark` is a word that stands in its payload and in that of no other write; `kind` and `holds` are of
    the entry that it should make."""

    mark: str
    kind: str
    method: str
    path: str
    body: dict[str, Any]
    holds: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    sent: int = 0
    reply: Got | None = None

    @property
    def key(self) -> str | None:
        """Its Idempotency-Key. A PATCH has none: If-Match keeps it from being done twice."""
        return self.headers.get("Idempotency_Key")

    @property
    def index(self) -> int:
        """The number of the entry that was acknowledged."""
        assert self.reply is not None
        return int(self.reply.json["revision"])

    @property
    def subject(self) -> str:
        """What the entry that was acknowledged is about."""
        assert self.reply is not None
        name = {"party": "party", "claim": "claim", "verdict": "verdict"}[self.kind.split(".")[0]]
        return f"{name}/{self.reply.json['id']}"


@dataclass
class Own:
    """A claim of a writer: its revision when it was last read, and the verdict on it that stands."""

    id: str
    verdict: str | None = None


class Writer(threading.Thread):
    """Records, amends and withdraws claims, publishes, corrects and retracts verdicts, as `name`, a party.

    `writes` are all that were ever sent, in order; all but the last are acknowledged.
    """

    def __init__(self, name: str, port: int, token: str, seed: str) -> None:
        super().__init__(name=name, daemon=True)
        self.writes: list[Write] = []
        self.acknowledged = self.repeated = 0
        self.failure: BaseException | None = None
        self._port, self._token, self._random = port, token, Random(seed)
        self._claims: list[Own] = []
        self._asker: Asker | None = None
        self._ending = threading.Event()
        self._abandoned = False

    def end(self) -> None:
        """Asks the writer to stop after the write that it is at."""
        self._ending.set()

    def abandon(self) -> None:
        """Makes the writer give up at once, whatever became of its write."""
        self._ending.set()
        self._abandoned = True

    def run(self) -> None:
        """Writes until it is told to end."""
        try:
            while not self._ending.is_set():
                self._next()
                if self._random.random() < 0.15:
                    self._repeat(self._random.choice(self.writes[-20:]))
        except BaseException as error:
            self.failure = error
        finally:
            self._hang_up()

    # --- what is written ------------------------------------------------------------------------------

    def _next(self) -> None:
        claim = self._random.choice(self._claims[-30:]) if self._claims else None
        chance = self._random.random()
        if claim is None or chance < 0.4:
            self._record()
        elif chance < 0.6:
            self._amend(claim)
        elif chance < 0.8 or claim.verdict is None:
            self._rule(claim)
        elif chance < 0.93:
            self._retract(claim)
        else:
            self._withdraw(claim)

    def _record(self) -> None:
        mark = self._mark()
        position = self._random.choice(POSITIONS)
        body = {
            "text": f"Participation is {position}, said {mark}.",
            "wording": "direct",
            "attribution": {"speaker": "agency"},
            "stated_on": f"20{self._random.randrange(10, 20)}-0{self._random.randrange(1, 10)}",
            "appearances": [APPEARANCE],
            "stances": [{"question": "q-voluntary", "position": position}],
        }
        reply = self._write(mark, "claim.recorded", "POST", "/v1/claims", body, body)
        self._claims.append(Own(reply.json["id"]))

    def _amend(self, claim: Own) -> None:
        mark, path = self._mark(), f"/v1/claims/{claim.id}"
        changes = {"text": f"Participation is {self._random.choice(POSITIONS)}, {mark} heard."}
        body = changes | {"reason": f"Misheard ({mark})."}
        # What it says afterwards depends on the revision that was read, so the same revision is sent again.
        etag = self._get(path).headers["etag"]
        self._write(mark, "claim.amended", "PATCH", path, body, {"reason": body["reason"]}, If_Match=etag)

    def _rule(self, claim: Own) -> None:
        mark = self._mark()
        body = {"rating": self._random.choice(RATINGS), "explanation": f"As {mark} shows.", "evidence": [APPEARANCE]}
        if claim.verdict:
            body["supersedes"] = claim.verdict
        path = f"/v1/claims/{claim.id}/verdicts"
        claim.verdict = self._write(mark, "verdict.published", "POST", path, body, body).json["id"]

    def _retract(self, claim: Own) -> None:
        mark = self._mark()
        body = {"reason": f"It was wrong: {mark}."}
        path = f"/v1/verdicts/{claim.verdict}/retraction"
        claim.verdict = None
        self._write(mark, "verdict.retracted", "POST", path, body, body | {"claim": claim.id})

    def _withdraw(self, claim: Own) -> None:
        mark, path = self._mark(), f"/v1/claims/{claim.id}"
        body = {"reason": f"Recorded by mistake: {mark}."}
        etag = self._get(path).headers["etag"]
        self._write(mark, "claim.withdrawn", "POST", f"{path}/withdrawal", body, body, If_Match=etag)
        self._claims.remove(claim)

    def _mark(self) -> str:
        return f"{self.name}n{len(self.writes)}x"

    # --- how it is sent -------------------------------------------------------------------------------

    def _write(
        self, mark: str, kind: str, method: str, path: str, body: dict[str, Any], holds: dict[str, Any], **headers: str
    ) -> Got:
        """Sends a write until it is acknowledged. Out: the answer."""
        if method == "POST":
            headers["Idempotency_Key"] = mark
        write = Write(mark, kind, method, path, body, holds, headers)
        self.writes.append(write)
        reply = self._send(write)
        if reply.status == 412 and method == "PATCH" and write.sent > 1:
            # An earlier attempt was done and its answer lost. Nobody else amends this claim.
            reply = self._get(path)
            assert mark in reply.json["text"], f"{mark} was refused with 412, and was not done: {reply.body!r}"
        assert reply.status in (200, 201), f"{mark}: {method} {path} -> {reply.status} {reply.body!r}"
        write.reply = reply
        self.acknowledged += 1
        return reply

    def _repeat(self, write: Write) -> None:
        """Sends once more, with its key, what was acknowledged: the answer must be the same."""
        if write.key is None or write.reply is None:
            return
        reply = self._send(write)
        same = (reply.status, reply.body, reply.headers.get("etag"))
        first = (write.reply.status, write.reply.body, write.reply.headers.get("etag"))
        assert same == first, f"{write.mark} was answered with {first} and then with {same}"
        self.repeated += 1

    def _get(self, path: str) -> Got:
        return self._send(Write("", "", "GET", path, {}, {}))

    def _send(self, write: Write) -> Got:
        """The first answer that is no 503, after as many attempts as it takes."""
        while not self._abandoned:
            write.sent += 1
            try:
                if self._asker is None:
                    self._asker = Asker(self._port, self._token, TIMEOUT)
                body = None if write.method == "GET" else write.body
                reply = self._asker.send(write.method, write.path, body, **write.headers)
            except TimeoutError:
                raise
            except (OSError, HTTPException):
                self._hang_up()
                time.sleep(PAUSE)
                continue
            if reply.status != 503:
                return reply
            time.sleep(PAUSE)
        raise InterruptedError(f"{self.name} was abandoned")

    def _hang_up(self) -> None:
        if self._asker is not None:
            self._asker.connection.close()
            self._asker = None
