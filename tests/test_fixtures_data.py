"""The example data is what `fixtures.make` makes of the record, holds together, says no more than it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fixtures
from fixtures import make, rulings
from fixtures.compiled import Record, load
from schemas import claims, contradictions, parties, questions, verdicts
from schemas.dates import bounds
from schemas.vocabulary import RATINGS, SLUG, ULID

Line = dict[str, Any]
FOLDER = Path(fixtures.__file__).parent


def lines(name: str) -> list[Line]:
    """Every line of one of the files."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.removesuffix("\n").split("\n")]


PARTIES = {party["id"]: party for party in lines("parties.ndjson")}
QUESTIONS = {question["id"]: question for question in lines("questions.ndjson")}
CLAIMS = {claim["id"]: claim for claim in lines("claims.ndjson")}
VERDICTS = lines("verdicts.ndjson")
ASSESSMENTS = lines("assessments.ndjson")
STATEMENTS = [claim for claim in CLAIMS.values() if "finding" not in claim["tags"]]
FINDINGS = [claim for claim in CLAIMS.values() if "finding" in claim["tags"]]


@pytest.fixture(scope="module")
def record() -> Record:
    return load()


def owners(claim: Line) -> set[str]:
    """Speaker, party spoken for, and all above either that is an organisation; no person's own parent."""
    found = set()
    for party in (claim["attribution"]["speaker"], claim["attribution"].get("on_behalf_of")):
        if party:
            found.add(party)
        while party and PARTIES[party]["kind"] == "organization":
            found.add(party)
            party = PARTIES[party].get("parent")
    return found


def position(claim: Line, question: str) -> str | None:
    return next((stance["position"] for stance in claim["stances"] if stance["question"] == question), None)


def test_the_committed_files_are_what_make_makes(record: Record) -> None:
    """Running `python -m fixtures.make` changes nothing."""
    made = make.files(record)
    assert tuple(made) == fixtures.FILES
    for name, text in made.items():
        assert (FOLDER / name).read_bytes() == text.encode(), f"{name}: run python -m fixtures.make"


def test_main_writes_every_file(tmp_path: Path) -> None:
    """`python -m fixtures.make` writes all five, byte for byte."""
    make.main(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        name: (FOLDER / name).read_bytes() for name in fixtures.FILES
    }


def test_everything_in_the_record_is_there_once(record: Record) -> None:
    """83 parties and the Example Desk, 2 questions, 84 statements and 16 findings."""
    assert len(record.parties) == 83
    assert PARTIES.keys() == {*record.parties, "example-desk"}
    assert len(lines("parties.ndjson")) == 84
    assert QUESTIONS.keys() == {"q-voluntary", "q-misled"}
    assert (len(STATEMENTS), len(FINDINGS), len(lines("claims.ndjson"))) == (84, 16, 100)
    texts = Counter(item["text"] for item in record.items.values())
    assert Counter(claim["text"] for claim in CLAIMS.values()) == texts


def test_positions_of_the_statements() -> None:
    """38 mandatory, 26 voluntary, 20 unclear, as the record counts them."""
    counted = Counter(position(claim, "q-voluntary") for claim in STATEMENTS)
    assert counted == {"mandatory": 38, "voluntary": 26, "unclear": 20}


def test_positions_of_dhs_and_everything_under_it() -> None:
    """45 statements count as DHS's; a dismissed contractor's, who spoke for himself, do not."""
    dhs = [claim for claim in STATEMENTS if "dhs" in owners(claim)]
    counted = Counter(position(claim, "q-voluntary") for claim in dhs)
    assert counted == {"mandatory": 28, "voluntary": 11, "unclear": 6}
    assert {claim["attribution"]["speaker"] for claim in dhs}.isdisjoint({"cadman"})


def test_parents_come_first() -> None:
    """Every parent is recorded before its children, and is an organization."""
    known: set[str] = set()
    for party in lines("parties.ndjson"):
        if "parent" in party:
            assert party["parent"] in known, party["id"]
            assert PARTIES[party["parent"]]["kind"] == "organization"
        known.add(party["id"])


def test_the_example_desk_says_that_it_is_invented() -> None:
    """Nobody can take the Example Desk for a real reviewer."""
    desk = PARTIES["example-desk"]
    assert "invented" in desk["description"]
    assert "not a real reviewer" in desk["description"]
    assert all(line["explanation"].startswith("An example ruling") for line in VERDICTS + ASSESSMENTS)


def test_claims_refer_to_what_is_there() -> None:
    """Every party, question and position that a claim names is in the files."""
    for claim in CLAIMS.values():
        attribution = claim["attribution"]
        named = {attribution.get(name) for name in ("speaker", "on_behalf_of", "reported_through")} - {None}
        assert named <= PARTIES.keys()
        asked = [stance["question"] for stance in claim["stances"]]
        assert len(asked) == len(set(asked))
        for stance in claim["stances"]:
            positions = {option["id"] for option in QUESTIONS[stance["question"]]["positions"]}
            assert stance["position"] in positions


def test_ids_sort_as_the_file_does() -> None:
    """Claims are in order of date, their ids with them, and no two utterances are the same."""
    ids = list(CLAIMS)
    assert ids == sorted(ids)
    assert all(ULID.fullmatch(ulid) for ulid in ids + [line["id"] for line in VERDICTS])
    dates = [bounds(claim["stated_on"]) for claim in CLAIMS.values()]
    assert dates == sorted(dates)
    spoken = {(c["text"].casefold(), c["attribution"]["speaker"], c["stated_on"]) for c in CLAIMS.values()}
    assert len(spoken) == len(CLAIMS)


BOUNDED = {
    "st-2009-07-ice-illinois": "2009-07-23/..",
    "st-2009-11-orange-report": "2009-11/..",
    "st-2010-10-ice-newyork": "2010-10-06/2011-02-16",
    "st-2010-memo-earlier": "../2010-10-02",
    "st-2011-05-cadman": "2011-03-26/2011-05-19",
    "st-2011-05-cadman-vacillation": "2011-03-26/2011-05-19",
    "st-2011-11-quander": "../2011-11-15",
    "st-2011-morton-regret": "2011-03-26/2011-05-19",
    "st-2011-patrick-required": "../2011-06-03",
    "st-greenberg-remain": "../2011-02-16",
}
DISCLOSED = {
    "st-2009-07-ice-illinois": "2011",
    "st-2010-02-penney": "2011-02",
    "st-2010-05-ice-changing": "2011-02",
    "st-2010-09-ice-remove-info": "2011-02",
    "st-2010-09-rocha": "2011-02",
    "st-2010-10-ice-newyork": "2011-02",
    "st-2010-10-memo": "2012-01-09",
    "st-2010-10-memo-weak": "2012-01-09",
    "st-2010-memo-earlier": "2012-01-09",
    "st-greenberg-remain": "2011-02",
}


def test_undated_statements_are_intervals(record: Record) -> None:
    """What is undated lies between its bounds, an end open where unknown; what is dated is as given."""
    ids = make.claim_ids(record)
    for item_id, item in record.items.items():
        given = item["date"] if "body" in item else item["date_stated"]
        assert CLAIMS[ids[item_id]]["stated_on"] == (given or BOUNDED[item_id])
    assert BOUNDED.keys() == {i for i, item in record.statements.items() if item["date_stated"] is None}


def test_internal_statements_have_the_date_of_their_disclosure(record: Record) -> None:
    """All that was internal, and nothing else, was disclosed on another day than it was written."""
    ids = make.claim_ids(record)
    disclosed = {ids[item_id]: day for item_id, day in DISCLOSED.items()}
    assert disclosed == {i: claim["disclosed_on"] for i, claim in CLAIMS.items() if "disclosed_on" in claim}
    assert disclosed.keys() == {i for i, claim in CLAIMS.items() if "internal" in claim["tags"]}
    for claim in (CLAIMS[i] for i in disclosed):
        assert bounds(claim["disclosed_on"]).latest >= bounds(claim["stated_on"]).earliest


def test_each_bound_that_is_one_day_is_that_day() -> None:
    """Bounds that allow one day only are that day, and no bounds are no date."""
    item = {"date_stated": None, "date_not_before": "2011-05-05", "date_not_after": "2011-05-05"}
    assert make.stated_on(item) == "2011-05-05"
    assert make.stated_on(item | {"date_not_before": None, "date_not_after": None}) is None


def test_only_words_that_stand_there_are_quoted() -> None:
    """A quotation is the claim's own text, in its first appearance, and never that of a summary."""
    for claim in CLAIMS.values():
        first, *others = claim["appearances"]
        assert all("quote" not in page for page in others)
        assert first.get("quote", {"exact": claim["text"]}) == {"exact": claim["text"]}
        assert claim["wording"] != "indirect" or "quote" not in first
    unquoted = [c for c in CLAIMS.values() if c["wording"] != "indirect" and "quote" not in c["appearances"][0]]
    assert len(unquoted) == 4


def test_pages_are_the_records_sources(record: Record) -> None:
    """Every appearance, variant and piece of evidence is a source of the record, described as there."""
    sources = {source["url"]: source for source in record.sources.values()}
    pages = [page for claim in CLAIMS.values() for page in claim["appearances"]]
    pages += [page for line in VERDICTS + ASSESSMENTS for page in line.get("evidence", [])]
    for page in pages:
        source = sources[page["url"]]
        names = {
            "title": "title",
            "publisher": "publisher",
            "author": "author",
            "published_on": "date_published",
        }
        for ours, theirs in names.items():
            assert page.get(ours) == source[theirs]
    assert {v["url"] for claim in CLAIMS.values() for v in claim.get("variants", [])} <= sources.keys()


def test_contexts_are_for_readers() -> None:
    """No context, note or description speaks of the record's own ids, or is missing."""
    private = re.compile(r"\b(st|fn|src)-|\bseed\b|\bNone\b|\bnull\b")
    for claim in CLAIMS.values():
        assert claim["context"]
        assert not private.search(claim["context"]), claim["context"]
        assert not any(private.search(variant["note"]) for variant in claim.get("variants", []))
    assert not any(private.search(party["description"]) for party in PARTIES.values())


def test_a_caveat_that_points_elsewhere_is_told_in_full(record: Record) -> None:
    """Findings whose caveat is "As above." or "See ..." carry the one meant, and name what qualifies them."""
    ids = make.claim_ids(record)
    assert "not a finding after trial" in CLAIMS[ids["fn-2011-07-court-shift"]]["context"]
    for item_id in ("fn-2012-03-oig-nointent", "fn-2012-03-oig-confusion", "fn-2012-03-oig-moa"):
        context = CLAIMS[ids[item_id]]["context"]
        assert "Only the cover and preface of the report itself were read." in context
        assert "Qualified by later findings." in context
        assert "Names the March 2012 report on Secure Communities" in context


def test_reprints_name_the_original(record: Record) -> None:
    """Where a page copies another publisher's text, the claim's context says whose."""
    ids = make.claim_ids(record)
    for item_id, item in record.items.items():
        for source in (record.sources[i] for i in (item["source"], *item["also_in"])):
            if source["reprint_of"]:
                assert f"reprints {source['reprint_of']['publisher']}" in CLAIMS[ids[item_id]]["context"]


def test_verdicts_judge_claims_of_the_record(record: Record) -> None:
    """Six to eight verdicts, each on another claim, every rating among them, with one to four sources."""
    judged = [line["claim"] for line in VERDICTS]
    assert 6 <= len(judged) <= 8
    assert len(set(judged)) == len(judged)
    assert set(judged) <= CLAIMS.keys()
    assert all(next(iter(line)) == "claim" for line in VERDICTS)
    assert {line["reviewer"] for line in VERDICTS} == {"example-desk"}
    assert all(1 <= len(line["evidence"]) <= 4 for line in VERDICTS)
    assert {line["rating"] for line in VERDICTS} == set(RATINGS)
    first = CLAIMS[judged[0]]
    assert first["text"].startswith("Secure Communities is not voluntary and never has been.")
    assert VERDICTS[0]["rating"] == "false"


def test_evidence_is_not_the_claim_itself() -> None:
    """No ruling rests on the words that it rules on."""
    for ruling in rulings.VERDICTS:
        assert ruling.on not in ruling.evidence
    for comparison in rulings.ASSESSMENTS:
        assert {comparison.earlier, comparison.later}.isdisjoint(comparison.evidence)


def test_assessments_pair_opposing_claims_of_one_party() -> None:
    """The two claims of an assessment share a party, oppose each other, and stand in order of date."""
    pairs = [tuple(line["claims"]) for line in ASSESSMENTS]
    assert 5 <= len(pairs) <= 7
    assert len(set(pairs)) == len(pairs)
    for line in ASSESSMENTS:
        earlier, later = (CLAIMS[claim] for claim in line["claims"])
        assert owners(earlier) & owners(later)
        assert {position(earlier, line["question"]), position(later, line["question"])} == {
            "voluntary",
            "mandatory",
        }
        assert bounds(earlier["stated_on"]) < bounds(later["stated_on"])
    assert {line["assessment"] for line in ASSESSMENTS} == {"reversal", "shift", "consistent"}


def members(value: object) -> Iterator[object]:
    """Every value inside a JSON value, itself first."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in inner:
        yield from members(member)


@pytest.mark.parametrize("name", fixtures.FILES)
def test_nothing_is_null_or_empty(name: str) -> None:
    """What is not known is left out."""
    for line in lines(name):
        assert all(value not in (None, "", [], {}) for value in members(line))


def test_slugs_are_slugs() -> None:
    """Ids and tags that are not ULIDs are slugs."""
    slugs = [*PARTIES, *QUESTIONS, *(tag for claim in CLAIMS.values() for tag in claim["tags"])]
    assert all(SLUG.fullmatch(slug) for slug in slugs)


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("parties.ndjson", parties.PartySchema),
        ("questions.ndjson", questions.QuestionSchema),
        ("claims.ndjson", claims.ClaimSchema),
        ("verdicts.ndjson", verdicts.VerdictSchema),
        ("assessments.ndjson", contradictions.AssessmentSchema),
    ],
)
def test_every_line_is_the_body_of_a_post(name: str, schema: type) -> None:
    """Each line, but for the claim that a verdict judges, is accepted as it stands."""
    for line in lines(name):
        body = {key: value for key, value in line.items() if key != "claim"}
        assert schema().load(body) == body
