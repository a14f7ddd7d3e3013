"""Conditional requests: what need not be sent again, and what must not be overwritten unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api import erasing
from api.ledger import WORLD
from api.storage import log
from api.storage.log import Connection
from api.storage.sqlite import Database
from api.writers import Work, Writers
from tests.contract.conftest import CLAIM, MANDATORY, OTHER, VERDICT, VOLUNTARY, Api, problem
from tests.records import Recorder

CLAIM_URL = f"/v1/claims/{MANDATORY}"
CHANGE = {"context": "In a letter.", "reason": "It was missing."}

FITTING = ['"7"', 'W/"7"', "*", '"6", "7"', ' W/"x,y" ,"7" ', '"7","7"', '"",W/"7"']
UNFITTING = ['"8"', "7", "", '"70"', 'w/"7"', '"7', '"1", "77"', "'7'"]


@pytest.mark.parametrize("given", FITTING)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_unchanged_document_is_not_sent(api: Api, method: str, given: str) -> None:
    """If-None-Match compares weakly, takes lists and `*`; the 304 repeats ETag and Cache-Control and has no body."""
    answer = api.send(method, CLAIM_URL, scope=None, If_None_Match=given)
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", '"7"')
    assert answer.headers["Cache-Control"] == "public, max-age=5, stale-while-revalidate=30"


@pytest.mark.parametrize("given", [given for given in UNFITTING if given != 'w/"7"'])
def test_a_changed_document_is_sent(api: Api, given: str) -> None:
    """An ETag that is not the document's, or is none, gets the document."""
    assert api.get(CLAIM_URL, If_None_Match=given).status_code == 200


@pytest.mark.parametrize("given", ["*", '"7"', '"log-8-00000000"'])
def test_what_is_not_there_has_no_304(api: Api, given: str) -> None:
    """A condition changes nothing about a refusal: it is answered as without."""
    for path in ("/v1/claims/nothing", "/v1/questions/nothing/timeline?party=dhs", "/v1/claims/nothing/history"):
        problem(api.get(path, If_None_Match=given), "not-found")
    problem(api.get(f"/v1/contradictions/{VOLUNTARY}~{VOLUNTARY}", If_None_Match=given), "not-found")
    problem(api.get("/v1/claims?party=nobody", If_None_Match=given), "invalid-request", "/party")
    problem(api.get("/v1/claims?cursor=x", If_None_Match=given), "invalid-request", "/cursor")


def test_a_verdict_changes_the_documents_etag(api: Api) -> None:
    """A claim's document holds its verdicts, so a verdict is a new revision: the old ETag gets the new document."""
    before = api.etag(CLAIM_URL)
    api.made(f"{CLAIM_URL}/verdicts", VERDICT)
    answer = api.get(CLAIM_URL, If_None_Match=before)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"8"')


@pytest.mark.parametrize("path", ["/v1/claims", "/v1/contradictions", "/v1/questions/sc-voluntary/timeline?party=dhs"])
def test_a_list_changes_with_the_log(api: Api, path: str) -> None:
    """A list is unchanged until anything is written."""
    tag = api.etag(path)
    assert api.get(path, If_None_Match=f'"other", W/{tag}').status_code == 304
    api.made(f"{CLAIM_URL}/verdicts", VERDICT)
    answer = api.get(path, If_None_Match=tag)
    assert (answer.status_code, answer.headers["ETag"] != tag) == (200, True)


# Each request that needs If-Match, with a good body.
GUARDED = [
    ("PATCH", CLAIM_URL, CHANGE),
    ("PATCH", "/v1/parties/dhs", {"name": "DHS", "reason": "Short."}),
    ("PATCH", "/v1/questions/sc-voluntary", {"scope": "All of it.", "reason": "Asked for."}),
    ("POST", f"{CLAIM_URL}/withdrawal", {"reason": "Forged."}),
]


@pytest.mark.parametrize(("method", "path", "body"), GUARDED)
def test_a_change_must_name_its_revision(api: Api, method: str, path: str, body: dict[str, str]) -> None:
    """Without If-Match nothing is changed, and the answer says how to send it."""
    refused = problem(api.send(method, path, body), "revision-required")
    assert "If-Match" in refused["detail"] and '"17"' in refused["detail"]
    assert api.size == 8


@pytest.mark.parametrize(("method", "path", "body"), GUARDED)
@pytest.mark.parametrize("given", ['"99"', 'W/"99"', '"0"', '"9999999999999999"'])
def test_a_stale_revision_changes_nothing(api: Api, method: str, path: str, body: dict[str, str], given: str) -> None:
    """An If-Match of another revision is 412; the answer has the current revision as member and as ETag."""
    answer = api.send(method, path, body, If_Match=given)
    refused = problem(answer, "revision-mismatch")
    current = int(api.etag(path.removesuffix("/withdrawal")).strip('"'))
    assert (refused["current"], answer.headers["ETag"]) == (current, f'"{current}"')
    assert api.size == 8


@pytest.mark.parametrize(("method", "path", "body"), GUARDED)
@pytest.mark.parametrize("given", UNFITTING[1:3] + UNFITTING[4:] + ['"7", "8"', '"log-8-00000000"', '"-1"', '"07"'])
def test_an_if_match_that_is_no_revision_is_refused(
    api: Api, method: str, path: str, body: dict[str, str], given: str
) -> None:
    """What cannot be the ETag of a document is named as the fault, not taken for another revision."""
    given = given.replace('"70"', "x")
    problem(api.send(method, path, body, If_Match=given), "invalid-request", "/If-Match")
    assert api.size == 8


@pytest.mark.parametrize(("method", "path", "body"), GUARDED)
@pytest.mark.parametrize("form", ["{}", "W/{}", " {} ", "*"])
def test_the_current_revision_is_taken(api: Api, method: str, path: str, body: dict[str, str], form: str) -> None:
    """The document's own ETag lets the change through, also as a proxy weakens it; `*` fits any revision."""
    tag = api.etag(path.removesuffix("/withdrawal"))
    answer = api.send(method, path, body, If_Match=form.format(tag))
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"8"')


@pytest.mark.parametrize(("method", "path", "body"), [GUARDED[0], GUARDED[3]])
def test_a_verdict_in_between_is_not_overlooked(api: Api, method: str, path: str, body: dict[str, str]) -> None:
    """Who read the claim before it got a verdict has to read it again before changing or withdrawing it."""
    tag = api.etag(CLAIM_URL)
    api.made(f"{CLAIM_URL}/verdicts", VERDICT, "other verdicts")
    refused = problem(api.send(method, path, body, If_Match=tag), "revision-mismatch")
    assert refused["current"] == 8
    assert api.get(CLAIM_URL).json["verdicts"][0]["reviewer"] == OTHER
    assert api.send(method, path, body, If_Match=api.etag(CLAIM_URL)).status_code == 200


class Overtaken(Writers):
    """Writers behind somebody who is quicker, once."""

    def __init__(self, database: Database, quicker: Callable[[], object]) -> None:
        super().__init__(database)
        self.quicker = [quicker]

    def write(self, work: Work) -> Any:
        """What Writers do, after the other."""
        if self.quicker:
            self.quicker.pop()()
        return super().write(work)


@pytest.mark.parametrize(("method", "path", "body"), [GUARDED[0], GUARDED[3]])
@pytest.mark.parametrize("given", ['"7"', "*"])
def test_a_verdict_at_the_last_moment_is_not_overlooked(
    api: Api, method: str, path: str, body: dict[str, str], given: str
) -> None:
    """What is written after a change was checked, and before its turn, counts too: only `*` goes on, from there."""
    ordinary = api.app.extensions["onrecord"].writers

    def quicker() -> None:
        api.app.extensions["onrecord"].writers = ordinary
        api.made(f"{CLAIM_URL}/verdicts", VERDICT, "other verdicts")

    api.app.extensions["onrecord"].writers = Overtaken(api.database, quicker)
    answer = api.send(method, path, body, If_Match=given)
    assert api.get(CLAIM_URL).json["verdicts"][0]["reviewer"] == OTHER
    if given == "*":
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"9"')
    else:
        assert problem(answer, "revision-mismatch")["current"] == 8
        assert api.size == 9


def test_a_withdrawn_claim_is_not_changed_again(api: Api) -> None:
    """Neither with the right revision nor with `*`; the refusal says what to do instead."""
    api.made(f"{CLAIM_URL}/withdrawal", {"reason": "Forged."}, If_Match="*")
    for method, path, body in (GUARDED[0], GUARDED[3]):
        for given in ("*", '"8"', '"7"'):
            refused = api.send(method, path, body, If_Match=given)
            assert refused.status_code in (409, 412)
        assert "withdrawn" in problem(api.send(method, path, body, If_Match="*"), "claim-withdrawn")["detail"]
    assert api.size == 9


def test_an_answer_that_was_made_is_sent_again_until_the_record_changes(api: Api) -> None:
    """The same bytes and headers; then what is true now, and what was erased is in no list."""
    first, again = api.get("/v1/claims?limit=1"), api.get("/v1/claims?limit=1")
    assert (again.data, again.headers["Link"]) == (first.data, first.headers["Link"])
    added = api.made("/v1/claims", {**CLAIM, "text": "Quince words, soon erased."})["id"]
    assert b"Quince" in api.get("/v1/claims?limit=1").data
    erasing.erase(api.database, f"claim/{added}", "A court says so.", "operator")
    assert b"Quince" not in api.get("/v1/claims?limit=1").data


def test_what_is_kept_of_one_address_is_not_sent_at_another(api: Api) -> None:
    """Absolute URLs begin with the host that was asked."""
    for host in ("one.example", "two.example", "one.example"):
        assert f'"http://{host}/'.encode() in api.client.get("/feeds/changes.json", headers={"Host": host}).data
        assert host.encode() in api.client.get("/v1/claimreview", headers={"Host": host}).data


def test_a_document_that_was_read_is_sent_again_until_the_record_changes(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without asking the store; another process's change is sent at once, and what was erased by nobody."""
    read: list[str] = []
    document = log.document

    def noted(db: Connection, name: str, at: int | None = None) -> tuple[int, bytes] | None:
        read.append(name)
        return document(db, name, at)

    api.made(f"{CLAIM_URL}/verdicts", VERDICT)
    monkeypatch.setattr(log, "document", noted)
    first, again = api.get(CLAIM_URL), api.get(CLAIM_URL)
    assert (again.data, again.headers["ETag"]) == (first.data, first.headers["ETag"])
    # Where the engine would have to be asked whether anything is new, it is asked for the document itself.
    on_file = isinstance(api.database, Database)
    assert len(read) == (1 if on_file else 2)
    other = Database(api.database.path, api.database.heads) if on_file else api.database
    for i in range(3):
        Recorder(other, WORLD).amend_claim(MANDATORY, context=f"Said in letter {i}.")
        assert api.get(CLAIM_URL).json["context"] == f"Said in letter {i}."
    erasing.erase(api.database, f"claim/{MANDATORY}", "A court says so.", "operator")
    assert b"Said in letter" not in api.get(CLAIM_URL).data
