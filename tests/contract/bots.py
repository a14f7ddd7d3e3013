"""Writers and pollers in processes of their own: `python -m tests.contract.bots write|poll PORT …`; each prints
JSON when it ends.

A poller ends when it has seen the entry that records the party "the-end".
"""

from __future__ import annotations

import json
import sys
import time
from http.client import HTTPException
from typing import Any

from tests.contract.servers import Asker
from tests.records import APPEARANCE

END = "the-end"


def write(asker: Asker, name: str, count: int) -> dict[str, Any]:
    """Records claims, and a verdict on every second one. Out: the index of each entry that was acknowledged."""
    written = []
    for number in range(count):
        claim = {
            "text": f"Writer {name} said this as number {number}.",
            "wording": "direct",
            "attribution": {"speaker": f"speaker-{name}"},
            "appearances": [APPEARANCE],
        }
        made = asker.post("/v1/claims", claim, Idempotency_Key=f"{name}-{number}")
        assert made.status == 201, made.body
        written.append(made.json["revision"])
        if number % 2:
            ruled = asker.post(f"{made.headers['location']}/verdicts", {"rating": "false", "evidence": [APPEARANCE]})
            assert ruled.status == 201, ruled.body
            written.append(ruled.json["revision"])
    return {"written": written}


def poll(asker: Asker, query: str, most: float) -> dict[str, Any]:
    """Follows the feed from the beginning as the documentation says: `next` as `since`, and the last ETag along
    with it.

    Out: the index and subject of each change seen, and how many answers were 304 and how many brought nothing.
    """
    seen, since, tag = [], "", ""
    counts = {"304": 0, "empty": 0, "requests": 0}
    until = time.monotonic() + most
    while time.monotonic() < until:
        answer = asker.get(f"/v1/changes?{query}{since}", **({"If_None_Match": tag} if tag else {}))
        counts["requests"] += 1
        if answer.status == 304:
            counts["304"] += 1
            time.sleep(0.02)
            continue
        assert answer.status == 200, answer.body
        page = answer.json
        counts["empty"] += not page["changes"]
        seen += [(change["index"], change["subject"]) for change in page["changes"]]
        if any(change["subject"] == f"party/{END}" for change in page["changes"]):
            return {"seen": seen, "next": page["next"], **counts}
        since, tag = f"&since={page['next']}", answer.headers["etag"]
        if not page["has_more"] and "wait" not in query:
            time.sleep(0.02)
    return {"seen": seen, "timeout": True, **counts}


def main(role: str, port: str, *rest: str) -> None:
    """Does what the command line says."""
    try:
        if role == "write":
            token, name, count = rest
            with Asker(int(port), token) as asker:
                done = write(asker, name, int(count))
        else:
            query, most = rest
            with Asker(int(port)) as asker:
                done = poll(asker, query, float(most))
    except (OSError, HTTPException) as error:
        done = {"error": repr(error)}
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
