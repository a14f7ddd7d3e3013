"""A review that is taken in: whose it is, which claim it is about, and what comes of it the second time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from api import ledger
from api.domain.claims import Claim
from api.errors import ClaimWithdrawn, Forbidden, InvalidRequest, VerdictStanding
from api.history import History
from api.interop.whose import Importer, Named
from api.storage import lists, log
from api.storage.database import Database
from tests.interop.taking import ITSELF, POLITIFACT, review, taken
from tests.records import DESK, OPERATOR, Recorder, dump, every_table


def entries(database: Database) -> int:
    """How many entries the log has."""
    return log.head(database.reader()).size


def standing(database: Database, claim_id: str) -> Claim:
    """A claim that is on record."""
    claim = History(database.reader()).claim(claim_id)
    assert claim is not None
    return claim


def shown(database: Database, name: str) -> Any:
    """A document."""
    version = log.document(database.reader(), name)
    assert version is not None
    return json.loads(version[1])


# --- what it becomes -------------------------------------------------------------------------------


def test_a_first_review_makes_parties_claim_and_verdict(database: Database) -> None:
    """Both parties are recorded under ids made of their names, and the verdict says which row rated it and who took it
    in."""
    outcome, claim_id, verdict_id = taken(database, review())
    assert outcome == "created"
    verdict = shown(database, f"verdict/{verdict_id}")
    assert (verdict["reviewer"], verdict["rating"], verdict["label"]) == ("politifact", "mostly_false", "Mostly False")
    assert (verdict["mapping"], verdict["imported_by"]) == ("ratings/1/politifact/mostly false", OPERATOR)
    assert verdict["evidence"][0]["url"] == verdict["url"] == "https://www.politifact.com/bridge"
    assert not {"original", "review"} & verdict.keys()
    claim = shown(database, f"claim/{claim_id}")
    assert (claim["attribution"]["speaker"], claim["wording"], claim["status"]) == ("jane-roe", "indirect", "refuted")
    assert claim["appearances"][0]["url"] == "https://www.politifact.com/bridge"
    assert shown(database, "party/politifact")["same_as"] == ["https://www.politifact.com"]
    assert shown(database, "party/jane-roe")["kind"] == "person"


def test_the_original_stays_in_the_payload(database: Database) -> None:
    """What came in is in the entry, from which it is never rendered, and the entry says who acted."""
    verdict_id = taken(database, review()).verdict
    [entry] = History(database.reader()).about(f"verdict/{verdict_id}")
    assert (entry.payload["original"], entry.actor) == ('{"@type":"ClaimReview"}', OPERATOR)


def test_a_label_that_nobody_knows_counts_for_nothing(database: Database) -> None:
    """The rating is null, the label stands as published, and the claim stays unreviewed."""
    _, claim_id, verdict_id = taken(database, review(label="Three stale croissants"))
    verdict = shown(database, f"verdict/{verdict_id}")
    assert (verdict["rating"], verdict["label"], verdict["mapping"]) == (None, "Three stale croissants", "ratings/1")
    assert shown(database, f"claim/{claim_id}")["status"] == "unreviewed"
    terms = [name for (name,) in database.reader().execute("SELECT name FROM terms").fetchall()]
    assert "reviewer=politifact" in terms
    assert not any(name.startswith("rating=") for name in terms)


def test_a_claim_on_record_is_matched(database: Database, record: Recorder) -> None:
    """The same words by the same speaker on the same date are one claim, whoever reviews it."""
    record.person("roe", name="Jane Roe")
    claim_id = record.claim("“The bridge was closed for a year”", "roe", stated_on="2026-10-05")
    assert taken(database, review())[:2] == ("matched", claim_id)
    other = replace(review(url="https://snopes.com/b", label="True"), publisher=Named("Snopes"))
    assert taken(database, other)[:2] == ("matched", claim_id)
    assert standing(database, claim_id).status == "disputed"


# --- whose it is -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claimant", "speaker"),
    [
        (Named("The U.S. Department of Homeland Security"), "dhs"),
        (Named("DHS"), "dhs"),
        (Named("Homeland", urls=("http://wikidata.org/entity/Q11231",)), "dhs"),
        (Named("U.S. Department of Homeland Security", urls=("https://www.wikidata.org/wiki/Q42",)), None),
        (Named("Homeland News", urls=("https://www.dhs.gov/",)), "homeland-news"),
        (Named("Дмитрий Иванов", "person"), None),
        (Named("Anonymous"), "unknown-speaker"),
        (Named(None, urls=("https://nobody.example/profile",)), "unknown-speaker"),
        (None, "unknown-speaker"),
        (Named("PolitiFact"), "politifact"),
        (Named("Operator"), None),
    ],
)
def test_a_claimant_is_found_or_recorded(
    database: Database, record: Recorder, claimant: Named | None, speaker: str | None
) -> None:
    """By name, short name or an address of its own, but not where Wikidata has another entity, nor by a site that many
    publish on. One that is not found gets an id of its own."""
    same_as = ["https://www.wikidata.org/wiki/Q11231", "https://dhs.gov"]
    record.party("dhs", name="U.S. Department of Homeland Security", same_as=same_as)
    claim = standing(database, taken(database, review(claimant=claimant)).claim)
    found = claim.body["attribution"]["speaker"]
    assert found == speaker if speaker else found not in ("dhs", OPERATOR)
    assert taken(database, review(claimant=claimant)).outcome == "already"


def test_two_of_one_name_are_not_guessed(database: Database, record: Recorder) -> None:
    """A claimant who can be either of two parties is refused, unless an address tells which."""
    record.person("roe-1", name="Jane Roe", same_as=["https://one.example/roe"])
    record.person("roe-2", name="Jane Roe")
    before = entries(database)
    with pytest.raises(InvalidRequest, match="'roe-1', 'roe-2'"):
        taken(database, review())
    assert entries(database) == before
    told = Named("Jane Roe", "person", ("https://one.example/roe",))
    assert standing(database, taken(database, review(claimant=told)).claim).body["attribution"]["speaker"] == "roe-1"


def test_names_follow_their_party(database: Database, record: Recorder) -> None:
    """A party that was renamed is found by its new name alone."""
    record.person("roe", name="Jane Roe")
    record.amend_party("roe", name="Jane Doe")
    known = History(database.reader())
    assert [party.id for party in known.called("name jane doe")] == ["roe"]
    assert known.called("name jane roe") == []


@pytest.mark.parametrize(
    ("publisher", "url"),
    [
        (Named("Example Desk"), "https://anywhere.example/1"),
        (Named("The Example Desk", urls=("https://elsewhere.example",)), "https://anywhere.example/1"),
        (Named("Desk, the checks", urls=("https://checks.desk.example",)), "https://anywhere.example/1"),
        (Named("Desk, the checks"), "https://www.desk.example/1"),
        (Named(None), "https://desk.example/1"),
        (None, "https://desk.example/1"),
    ],
)
def test_a_party_takes_its_own_reviews_in(
    database: Database, record: Recorder, publisher: Named | None, url: str
) -> None:
    """By its name, or by its site, a review is its own, and nobody else took it in."""
    record.party(DESK, name="Example Desk", same_as=["https://desk.example/"])
    verdict = shown(database, f"verdict/{taken(database, review(publisher=publisher, url=url), ITSELF).verdict}")
    assert verdict["reviewer"] == DESK
    assert "imported_by" not in verdict


@pytest.mark.parametrize("publisher", [POLITIFACT, Named("PolitiFact"), Named(None, urls=("https://politifact.com",))])
def test_nobody_rules_in_anothers_name(database: Database, record: Recorder, publisher: Named) -> None:
    """Another's review is refused, and nothing of it is recorded."""
    record.party(DESK, name="Example Desk", same_as=["https://desk.example/"])
    before = entries(database)
    with pytest.raises(Forbidden, match="another reviewer's name"):
        taken(database, review(publisher=publisher), ITSELF)
    assert entries(database) == before


def test_who_may_records_it_in_the_publishers_name(database: Database, record: Recorder) -> None:
    """The reviewer is the publisher; entry and verdict say who took it in. Its own are its own still."""
    record.party(DESK, name="Example Desk", same_as=["https://desk.example/"])
    admin = Importer(DESK, for_others=True)
    verdict_id = taken(database, review(), admin).verdict
    verdict = shown(database, f"verdict/{verdict_id}")
    assert (verdict["reviewer"], verdict["imported_by"]) == ("politifact", DESK)
    assert History(database.reader()).about(f"verdict/{verdict_id}")[0].actor == DESK
    own = taken(database, review(publisher=Named("Example Desk"), url="https://desk.example/1"), admin)
    assert shown(database, f"verdict/{own.verdict}")["reviewer"] == DESK


def test_a_publisher_without_a_name_is_its_site(database: Database) -> None:
    """Of a review that names no publisher, the site that it stands on is the reviewer."""
    verdict = taken(database, review(publisher=None)).verdict
    assert shown(database, f"verdict/{verdict}")["reviewer"] == "politifact-com"
    assert shown(database, "party/politifact-com")["same_as"] == ["https://www.politifact.com/"]
    assert taken(database, review("Another claim.", publisher=None)).outcome == "created"


# --- a second time ---------------------------------------------------------------------------------


def test_twice_is_once(database: Database) -> None:
    """The same review adds nothing, whatever became of the claim, and whatever nobody reads of it changed."""
    first = taken(database, review())
    before = entries(database)
    assert taken(database, review(original='{"sdLicense":"new"}')) == ("already", first.claim, first.verdict)
    assert entries(database) == before
    Recorder(database).amend_claim(first.claim, text="The bridge was shut for a year.", stated_on="2026-10-04")
    assert taken(database, review()).outcome == "already"
    Recorder(database).withdraw(first.claim)
    assert taken(database, review()).outcome == "already"
    with pytest.raises(ClaimWithdrawn):
        taken(database, review(label="True"))


def test_a_changed_rating_supersedes(database: Database) -> None:
    """The verdict from the same review is replaced; going back to what it said at first is a change as well."""
    first = taken(database, review())
    second = taken(database, review(label="False"))
    assert second[:2] == ("superseded", first.claim)
    third = taken(database, review())
    assert third[:2] == ("superseded", first.claim)
    verdicts = standing(database, first.claim).verdicts
    assert [one.status for one in verdicts] == ["superseded", "superseded", "standing"]
    assert [one.body.get("supersedes") for one in verdicts] == [None, first.verdict, second.verdict]


def test_a_retracted_verdict_stays_retracted(database: Database) -> None:
    """What its reviewer took back is not brought back by the same review, only by a changed one."""
    first = taken(database, review())
    Recorder(database).retract(first.verdict, "politifact")
    assert taken(database, review()).outcome == "already"
    assert taken(database, review(label="False")).outcome == "matched"


def test_a_later_review_of_the_same_claim_supersedes(database: Database) -> None:
    """Of two reviews of one claim by one reviewer the later counts, in whichever order they come."""
    later = review(url="https://www.politifact.com/again", label="True", reviewed_on="2026-10-09")
    first = taken(database, review())
    assert taken(database, later)[:2] == ("superseded", first.claim)
    with pytest.raises(VerdictStanding, match="not dated later"):
        taken(database, review("THE BRIDGE WAS CLOSED FOR A YEAR", url="https://www.politifact.com/third"))
    assert taken(database, review()).outcome == "already"


@pytest.mark.parametrize("reviewed_on", [None, "2026", "2026-10-07"])
def test_a_review_that_may_be_earlier_supersedes_nothing(database: Database, reviewed_on: str | None) -> None:
    """Where the dates do not say that it is later, it is refused."""
    taken(database, review())
    with pytest.raises(VerdictStanding):
        taken(database, review(url="https://www.politifact.com/again", label="True", reviewed_on=reviewed_on))


def test_what_was_published_by_hand_is_left_alone(database: Database, record: Recorder) -> None:
    """A verdict that names the review as its own is that review, unless the label gives another rating."""
    record.party(DESK, name="Example Desk")
    record.person("jane-roe", name="Jane Roe")
    claim_id = record.claim("The bridge was closed for a year.", "jane-roe", stated_on="2026-10-05")
    by_hand = record.verdict(claim_id, "mostly_false", url="https://desk.example/1")
    own = review(publisher=Named("Example Desk"), url="https://desk.example/1")
    assert taken(database, own, ITSELF) == ("already", claim_id, by_hand)
    assert taken(database, replace(own, label="Hm"), ITSELF) == ("already", claim_id, by_hand)
    assert taken(database, replace(own, label="False"), ITSELF).outcome == "superseded"


def test_nobody_replaces_what_a_reviewer_published(database: Database, record: Recorder) -> None:
    """Who takes in for others replaces only what was taken in for them."""
    record.party("politifact", name="PolitiFact")
    record.person("jane-roe", name="Jane Roe")
    claim_id = record.claim("The bridge was closed for a year.", "jane-roe", stated_on="2026-10-05")
    record.verdict(claim_id, "false", "politifact", url="https://www.politifact.com/bridge")
    with pytest.raises(Forbidden, match="by itself"):
        taken(database, review(label="True"))


# --- what is derived -------------------------------------------------------------------------------


def test_unknown_speakers_contradict_nobody(database: Database, record: Recorder) -> None:
    """Two claims of nobody known can take opposing positions: they are in the timeline, and no contradiction."""
    from tests.reads import asking

    record.question("q", "no", "yes")
    made = [taken(database, review(text, claimant=None)).claim for text in ("It is so.", "It is not so.")]
    for claim_id, position in zip(made, ("yes", "no"), strict=True):
        record.amend_claim(claim_id, stances=[{"question": "q", "position": position}])
    asked = asking.page(database, "contradictions", {"question": "q"}, None)
    assert json.loads(asked)["items"] == []
    found = json.loads(asking.page(database, "claims", {"party": "unknown-speaker"}, None))["items"]
    assert {claim["id"] for claim in found} == set(made)


def history_of_imports(database: Database) -> None:
    """Take in, change, amend and erase a little of everything."""
    record = Recorder(database)
    first = taken(database, review())
    taken(database, review(label="False"))
    taken(database, review("Another claim.", claimant=None, label="Who knows"))
    record.amend_party("jane-roe", name="Jane Doe", same_as=["https://roe.example/me"])
    record.amend_claim(first.claim, text="The bridge was shut for a year.")


def test_rebuild_reproduces_what_was_taken_in(database: Database) -> None:
    """Names, and what reviews are known again by, follow from the log alone."""
    history_of_imports(database)
    before = dump(database, every_table(database))
    assert before["names"]
    ledger.rebuild(database)
    assert dump(database, every_table(database)) == before


def test_names_are_found_in_an_older_record(database: Database, record: Recorder) -> None:
    """The migration finds every party that was recorded before there were names, as a rebuild would."""
    history_of_imports(database)
    before = dump(database, ["names"])
    with database.turn() as db:
        db.execute("DELETE FROM names")
        lists.name_all(db)
    assert dump(database, ["names"]) == before


def test_the_older_schema_is_migrated(database: Database, record: Recorder) -> None:
    """A record of the version before has its parties' names after `migrate`, and the service takes reviews in."""
    record.person("roe", name="Jane Roe")
    with database.turn() as db:
        db.execute("DROP TABLE names")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = '0005_names'")
    assert not database.is_current()
    database.migrate()
    assert taken(database, review()).outcome == "created"
    assert [party.id for party in History(database.reader()).called("name jane roe")] == ["roe"]


def test_erased_reviews_leave_no_words(database: Database) -> None:
    """Erasing a verdict takes its original away, erasing a party its names."""
    from api.erasing import erase

    _, claim_id, verdict_id = taken(database, review(label="Nobody knows this label"))
    erase(database, f"verdict/{verdict_id}", "A court said so.", OPERATOR)
    erase(database, "party/jane-roe", "A court said so.", OPERATOR)
    verdict = shown(database, f"verdict/{verdict_id}")
    assert (verdict["rating"], verdict["label"], verdict["imported_by"]) == (None, None, OPERATOR)
    assert shown(database, f"claim/{claim_id}")["status"] == "unreviewed"
    assert History(database.reader()).called("name jane roe") == []


def test_both_engines_take_reviews_in(on_server: Database) -> None:
    """PostgreSQL knows parties and reviews again as SQLite does."""
    first = taken(on_server, review())
    assert taken(on_server, review()) == ("already", first.claim, first.verdict)
    assert taken(on_server, review(label="False")).outcome == "superseded"
    with on_server.turn() as db:
        rows = sorted(map(tuple, db.execute("SELECT no, digest FROM names").fetchall()))
        db.execute("DELETE FROM names")
        lists.name_all(db)
        assert sorted(map(tuple, db.execute("SELECT no, digest FROM names").fetchall())) == rows
    ledger.rebuild(on_server)
    assert sorted(map(tuple, on_server.reader().execute("SELECT no, digest FROM names").fetchall())) == rows
