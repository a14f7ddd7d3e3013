"""After an erasure: nothing that is served and no byte of the file has the words, and everything else stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from api import erasing
from api.cli import main
from tests.contract.conftest import MANDATORY, VOLUNTARY, Api
from tests.records import APPEARANCE, DESK

CASES = ("claim", "verdict", "contradiction", "party", "question")
WHY = "Exampleton district court, 12/2026."
CLAIM_ID, VERDICT_ID = "01JDF3QZ5W8N6T2K4M7R9V0XAB", "01JDF3QZ5W8N6T2K4M7R9V0XAC"
PAIR = f"{VOLUNTARY}:{MANDATORY}"

# No two begin alike, so that no index can leave out what they share.
SHORT = ("Quince", "Zebulon", "Xylophonist", "Jabberwock", "Brillig", "Vorpal", "Frumious", "Mimsy")
# Longer than a page of the file, so that it goes on in pages of its own; each word of it is looked for.
NUMBERED = [f"Wabe{number:04d}" for number in range(600)]
LONG = " ".join(NUMBERED)
NEEDLES = [*SHORT, *NUMBERED]


def source(word: str) -> dict[str, Any]:
    """A source with the word in every place that can have one."""
    url = f"https://{word.lower()}.example/{word}"
    return {"url": url, "title": word, "publisher": word, "author": word, "quote": {"exact": f"A {word} here."}}


def write(api: Api, case: str) -> str:
    """Write words about a subject in every way that there is, each with an Idempotency-Key. Out: the subject."""
    subject: str = globals()[f"_{case}"](api)
    return subject


def _claim(api: Api) -> str:
    body = {
        "id": CLAIM_ID,
        "text": f"Quince. {LONG}",
        "wording": "direct",
        "attribution": {"speaker": "ice", "role": "Zebulon"},
        "stated_on": "2010-10-01",
        "context": "Xylophonist",
        "appearances": [source("Jabberwock")],
        "variants": [{"text": "Brillig", "url": "https://brillig.example/", "note": "Vorpal"}],
        "stances": [{"question": "sc-voluntary", "position": "mandatory", "reasoning": "Frumious"}],
        "tags": ["mimsy"],
    }
    api.made("/v1/claims", body, Idempotency_Key="one")
    verdict = {"id": VERDICT_ID, "rating": "false", "evidence": [APPEARANCE]}
    api.made(f"/v1/claims/{CLAIM_ID}/verdicts", verdict, Idempotency_Key="two")
    # The answer has excerpts of both claims.
    assessed = {"claims": [CLAIM_ID, VOLUNTARY], "assessment": "reversal"}
    api.made("/v1/contradictions", assessed, Idempotency_Key="three")
    patch = {"text": "Mimsy and Quince.", "reason": "Vorpal"}
    assert api.patch(f"/v1/claims/{CLAIM_ID}", patch, If_Match="*").status_code == 200
    patch = {"tags": ["other"], "reason": "Zebulon"}
    assert api.patch(f"/v1/claims/{CLAIM_ID}", patch, If_Match="*").status_code == 200
    return f"claim/{CLAIM_ID}"


def _verdict(api: Api) -> str:
    body = {
        "id": VERDICT_ID,
        "rating": "false",
        "label": "Quince",
        "explanation": f"Zebulon. {LONG}",
        "evidence": [source("Xylophonist")],
        "url": "https://jabberwock.example/Jabberwock",
        "title": "Brillig",
        "author": "Vorpal",
    }
    api.made(f"/v1/claims/{MANDATORY}/verdicts", body, Idempotency_Key="one")
    reason = {"reason": "Frumious Mimsy"}
    api.made(f"/v1/verdicts/{VERDICT_ID}/retraction", reason, Idempotency_Key="two")
    return f"verdict/{VERDICT_ID}"


def _contradiction(api: Api) -> str:
    for word, key in (("Quince", "one"), ("Zebulon", "two")):
        body = {
            "claims": [MANDATORY, VOLUNTARY],
            "assessment": "shift",
            "reason": "denial",
            "explanation": f"{word}. {LONG}",
            "evidence": [source("Xylophonist"), source("Jabberwock"), source("Brillig")],
        }
        api.made("/v1/contradictions", body, Idempotency_Key=key)
    body = {"claims": [MANDATORY, VOLUNTARY], "assessment": "shift", "explanation": "Vorpal Frumious Mimsy"}
    api.made("/v1/contradictions", body, "other verdicts", Idempotency_Key="one")
    return f"contradiction/{PAIR}"


def _party(api: Api) -> str:
    body = {
        "id": "cbp",
        "name": "Quince Zebulon",
        "kind": "organization",
        "parent": "dhs",
        "description": f"Xylophonist. {LONG}",
        "same_as": ["https://jabberwock.example/Jabberwock"],
    }
    api.made("/v1/parties", body, Idempotency_Key="one")
    claim = {"text": "It is so.", "wording": "direct", "attribution": {"speaker": "cbp"}, "appearances": [APPEARANCE]}
    api.made("/v1/claims", claim | {"id": CLAIM_ID}, Idempotency_Key="kept")
    patch = {"name": "Brillig Vorpal", "description": "Frumious", "reason": "Mimsy"}
    assert api.patch("/v1/parties/cbp", patch, If_Match="*").status_code == 200
    return "party/cbp"


def _question(api: Api) -> str:
    positions = [{"id": "no", "label": "Zebulon", "meaning": "Xylophonist"}, {"id": "yes", "label": "Jabberwock"}]
    body = {"id": "q", "text": "Quince?", "scope": LONG, "positions": positions}
    api.made("/v1/questions", body, Idempotency_Key="one")
    patch = {"text": "Brillig?", "scope": "Vorpal Frumious", "reason": "Mimsy"}
    assert api.patch("/v1/questions/q", patch, If_Match="*").status_code == 200
    return "question/q"


def crawl(api: Api) -> Iterator[tuple[str, str]]:
    """Every read that there is, now and at every moment: its address and its answer."""
    size = api.size
    paths = ["parties", "questions", "claims", "contradictions", "contradictions?status=confirmed"]
    paths += [f"claims/{claim}{more}" for claim in (CLAIM_ID, VOLUNTARY, MANDATORY) for more in ("", "/history")]
    paths += [f"claims/{claim}/{more}" for claim in (CLAIM_ID, MANDATORY) for more in ("verdicts", "contradictions")]
    paths += [f"verdicts/{VERDICT_ID}", "parties/cbp", "questions/q", f"contradictions/{VOLUNTARY}~{MANDATORY}"]
    paths += [f"contradictions/{VOLUNTARY}~{CLAIM_ID}"]
    paths += [f"questions/sc-voluntary/timeline?party=dhs&clock={clock}" for clock in ("stated", "disclosed")]
    for path in paths:
        for at in ("", *(f"at={at}" for at in range(size + 1))):
            url = f"/v1/{path}{'&' if '?' in path else '?'}{at}" if at else f"/v1/{path}"
            yield url, api.get(url).get_data(as_text=True)
    entries = [f"/v1/entries/{index}" for index in range(size)]
    for url in ("/v1/changes?limit=200", "/v1/changes?limit=200&include=entry", *entries):
        yield url, api.get(url).get_data(as_text=True)


def translated(api: Api) -> Iterator[tuple[str, str]]:
    """What is served of the record in the formats of others, now and at every moment: its address and its answer."""
    paths = ["claimreview", f"verdicts/{VERDICT_ID}/claimreview"]
    paths += [f"claims/{claim}/claimreview" for claim in (CLAIM_ID, MANDATORY)]
    for path in paths:
        for query in ("", *(f"?at={at}" for at in range(api.size + 1))):
            yield f"/v1/{path}{query}", api.get(f"/v1/{path}{query}").get_data(as_text=True)
    for form in ("csv", "ndjson", "jsonld", "sqlite"):
        for query in ("", f"?at={api.size - 1}"):
            yield f"/v1/export.{form}{query}", api.get(f"/v1/export.{form}{query}").data.decode("latin-1")


def held(text: str) -> list[str]:
    """Which of the needles stand in a text, whatever their case."""
    lowered = text.lower()
    return [needle for needle in NEEDLES if needle.lower() in lowered]


def onrecord(api: Api, *words: str) -> str:
    """Run a command on the database. Out: what it printed."""
    environ = {
        "DATABASE_URL": f"sqlite:///{api.database.path}",
        "ONRECORD_TOKEN": api.tokens["admin"]["Authorization"].removeprefix("Bearer "),
    }
    done = CliRunner(env=environ).invoke(main, list(words))
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.sqlite
@pytest.mark.parametrize("case", CASES)
def test_no_byte_is_left(api: Api, case: str) -> None:
    """What is served, the file, its write-ahead log and a backup made afterwards have none of the words; before, each
    of them was there."""
    subject = write(api, case)
    folder = api.database.path.parent
    stored = b"".join(path.read_bytes() for path in folder.glob("record.db*"))
    assert held(stored.decode("latin-1")) == NEEDLES
    assert held("".join(text for _, text in crawl(api))) == NEEDLES
    assert held("".join(text for url, text in translated(api) if "ndjson" in url))
    root = api.get("/v1/changes").json["head"]
    told = onrecord(api, "erase", subject, "--reason", WHY, "--yes")
    assert f"Erased from the record: {subject}, entries 8, " in told
    for path in folder.glob("record.db*"):
        assert held(path.read_bytes().decode("latin-1")) == [], path.name
    onrecord(api, "backup", str(folder / "copy.db"))
    assert held((folder / "copy.db").read_bytes().decode("latin-1")) == []
    assert held(onrecord(api, "export")) == []
    for url, text in (*crawl(api), *translated(api)):
        assert held(text) == [], url
    assert api.get("/v1/changes").json["head"]["size"] == root["size"] + 1
    assert "entries verify." in onrecord(api, "verify")


@pytest.mark.parametrize("case", CASES)
def test_what_was_erased_says_so(api: Api, case: str) -> None:
    """Every document, excerpt and entry of it says why, when, by whom and by which entry, at every moment."""
    subject = write(api, case)
    before = dict(crawl(api))
    entry = erasing.erase(api.database, subject, WHY, DESK)
    mark = {"reason": WHY, "at": entry.recorded_at, "by": DESK, "index": entry.index}
    erased = [one["index"] for one in entry.payload["entries"]]
    for index in range(entry.index):
        members = api.get(f"/v1/entries/{index}").json
        assert members["erased"] == (mark if index in erased else None)
        assert (members["payload"] is None, members["salt"] is None) == (index in erased, index in erased)
    for url, text in crawl(api):
        if url in before and held(before[url]):
            # It said something of the subject, and still does.
            assert json.dumps(mark, separators=(",", ":")) in text, url
        elif url in before and "changes" not in url and '"erased":{' not in text and "/history" not in url:
            kept = json.loads(before[url])
            assert bare(json.loads(text)) == bare(kept), url


def bare(value: Any) -> Any:
    """An answer without what tells one request from another, and one state of the log from the next."""
    if isinstance(value, dict):
        gone = {"request_id", "revision", "updated_at", "text_sha256", "verdicts"}
        return {name: bare(member) for name, member in value.items() if name not in gone}
    return [bare(item) for item in value] if isinstance(value, list) else value


def test_what_is_not_words_stands(api: Api) -> None:
    """An erased claim keeps its place in lists, timelines and contradictions, and its status."""
    subject = write(api, "claim")
    names = ("attribution", "stated_on", "wording", "status", "stale", "recorded_at", "recorded_by")
    urls = (
        "/v1/questions/sc-voluntary/timeline?party=dhs",
        "/v1/contradictions",
        "/v1/claims?status=refuted",
        "/v1/claims?party=ice&sort=stated",
        "/v1/claims?question=sc-voluntary&position=mandatory",
    )
    before = [api.get(url).json for url in urls]
    claim = api.get(f"/v1/claims/{CLAIM_ID}").json
    erasing.erase(api.database, subject, WHY, DESK)
    after = api.get(f"/v1/claims/{CLAIM_ID}").json
    assert after["attribution"] == claim["attribution"] | {"role": None}
    assert {name: after[name] for name in names[1:]} == {name: claim[name] for name in names[1:]}
    assert (after["text"], after["text_sha256"], after["context"]) == ("[erased]", None, None)
    assert (after["appearances"], after["variants"], after["tags"]) == ([], [], [])
    assert after["stances"] == [{"question": "sc-voluntary", "position": "mandatory", "reasoning": None}]
    for url, was in zip(urls, before, strict=True):
        now = api.get(url).json
        for name in ("items", "statements"):
            key = "id" if name == "items" else "claim"
            assert [one[key] for one in now.get(name, ())] == [one[key] for one in was.get(name, ())], url
    timeline = api.get(urls[0]).json
    assert [one["reversal"] for one in timeline["statements"]] == [one["reversal"] for one in before[0]["statements"]]
    for gone in ("tag=mimsy", "publisher=Jabberwock", "q=quince", "q=jabberwock", "q=erased", "q=wabe*"):
        assert api.get(f"/v1/claims?{gone}").json["items"] == [], gone


def test_nobody_is_found_by_an_erased_name(api: Api) -> None:
    """Claims of a party are no longer found by the words of its name, nor by the word that stands for it."""
    subject = write(api, "party")
    assert len(api.get("/v1/claims?q=brillig").json["items"]) == 1
    erasing.erase(api.database, subject, WHY, DESK)
    for query in ("brillig", "quince", "erased"):
        assert api.get(f"/v1/claims?q={query}").json["items"] == []
    assert [one["id"] for one in api.get("/v1/claims?party=cbp").json["items"]] == [CLAIM_ID]


def test_the_feed_tells_of_it(api: Api) -> None:
    """Whoever follows the subject, its parties or its questions hears that it was erased."""
    subject = write(api, "claim")
    since = api.get("/v1/changes?since=now").json["next"]
    entry = erasing.erase(api.database, subject, WHY, DESK)
    for asked in ("kind=payload.erased", "party=dhs", "party=ice", "question=sc-voluntary"):
        (change,) = api.get(f"/v1/changes?since={since}&{asked}&include=entry").json["changes"]
        assert (change["kind"], change["subject"], change["actor"]) == ("payload.erased", subject, DESK)
        assert (change["url"], change["claim"], change["status"]) == (f"/v1/claims/{CLAIM_ID}", CLAIM_ID, None)
        said = json.loads(change["entry"]["payload"])
        assert (said["reason"], said["entries"]) == (WHY, entry.payload["entries"])
        assert change["entry"]["erased"] is None


@pytest.mark.parametrize("case", CASES)
def test_nobody_keeps_the_old_words_by_their_etag(api: Api, case: str) -> None:
    """An ETag from before the erasure is that of no answer which had the words."""
    subject = write(api, case)
    seen = {url: api.get(url).headers["ETag"] for url, text in crawl(api) if held(text)}
    erasing.erase(api.database, subject, WHY, DESK)
    for url, etag in seen.items():
        assert api.get(url, If_None_Match=etag).status_code == 200, url
    for url in seen:
        assert api.get(url, If_None_Match=api.get(url).headers["ETag"]).status_code == 304, url


def test_remembered_answers_are_dropped(api: Api) -> None:
    """A retry does not get the words back; the answers to other requests are still there."""
    subject = write(api, "party")
    kept = api.database.reader().execute("SELECT key FROM idempotency ORDER BY key").fetchall()
    assert [key for (key,) in kept] == ["kept", "one"]
    erasing.erase(api.database, subject, WHY, DESK)
    assert api.database.reader().execute("SELECT key FROM idempotency").fetchall() == [("kept",)]


def test_one_entry_is_erased(api: Api) -> None:
    """With what is left the document goes on; versions without what was erased are as they were."""
    write(api, "claim")
    first, last = 8, 12
    erasing.erase(api.database, f"claim/{CLAIM_ID}", WHY, DESK, [11])
    before = api.get(f"/v1/claims/{CLAIM_ID}?at={last - 1}").json
    after = api.get(f"/v1/claims/{CLAIM_ID}").json
    assert (before["erased"], before["text"].split()[0]) == (None, "Quince.")
    assert (after["erased"]["index"], after["text"], after["tags"]) == (13, "[erased]", ["other"])
    assert after["context"] == "Xylophonist"
    assert api.get(f"/v1/entries/{first}").json["erased"] is None


def test_an_erased_claim_can_be_given_words_again(api: Api) -> None:
    """A correction brings a text and an appearance; what else there was stays gone, and the claim says so."""
    erasing.erase(api.database, write(api, "claim"), WHY, DESK)
    path = f"/v1/claims/{CLAIM_ID}"
    refused = api.patch(path, {"language": "en", "reason": "Known now."}, If_Match="*")
    assert [error["pointer"] for error in refused.json["errors"]] == ["/appearances"]
    patch = {"text": "Somebody took it.", "appearances": [APPEARANCE], "reason": "As far as it may be said."}
    after = api.patch(path, patch, If_Match=api.etag(path)).json
    assert (after["text"], after["erased"]["reason"], after["stale"]) == ("Somebody took it.", WHY, True)
    assert [item["id"] for item in api.get("/v1/claims?q=somebody").json["items"]] == [CLAIM_ID]
