"""Questions: what claims take positions on, and the timeline of each."""

from __future__ import annotations

from api import auth, errors, http
from api.domain import questions
from api.interop import feeds
from api.openapi import Blueprint, documented
from api.reads import lists, timelines
from api.routes import reading, writing
from schemas.queries import DocumentQuery
from schemas.questions import QuestionDocument, QuestionPatch, QuestionSchema, QuestionsPage, QuestionsQuery
from schemas.timelines import TimelineDocument, TimelineQuery

blueprint = Blueprint("questions", __name__, url_prefix="/v1/questions", description="What claims take positions on.")

QUESTION, LIST, DOCUMENT, TIMELINE = QuestionSchema(), QuestionsQuery(), DocumentQuery(), TimelineQuery()


@blueprint.route("")
@documented(summary="List questions", query=QuestionsQuery, answers={200: QuestionsPage}, etag=True, headers=["Link"])
def index() -> http.Answer:
    """In the order in which they were opened."""
    return reading.listed(LIST, lambda db, asked, at: lists.by_number(db, "questions", asked, at))


@blueprint.route("", methods=["POST"])
@documented(
    summary="Open a question",
    body=QuestionSchema,
    answers={201: QuestionDocument},
    etag=True,
    headers=["Location"],
    scope="claims",
    problems=[errors.IdTaken, errors.IdempotencyMismatch],
)
def record() -> http.Answer:
    """Two different positions oppose each other unless one is neutral."""
    token = auth.require("claims")
    body = http.body(QUESTION)
    name = body["id"]
    return writing.write(
        token, lambda known: questions.record(body, known), writing.created(f"question/{name}", f"/v1/questions/{name}")
    )


@blueprint.route("/<question_id>")
@documented(
    summary="Read a question",
    query=DocumentQuery,
    answers={200: QuestionDocument},
    etag=True,
    headers=["Link"],
    problems=[errors.NotFound],
)
def read(question_id: str) -> http.Answer:
    """The question as it stands, or stood `at`."""
    return reading.document(f"question/{question_id}", DOCUMENT, [("Link", feeds.alternates(question=question_id))])


@blueprint.route("/<question_id>", methods=["PATCH"])
@documented(
    summary="Amend a question",
    body=QuestionPatch,
    patch=True,
    answers={200: QuestionDocument},
    etag=True,
    if_match=True,
    scope="edit",
    problems=[errors.NotFound, errors.RevisionMismatch],
)
def amend(question_id: str) -> http.Answer:
    """Positions can be added and described anew, not dropped."""
    token = auth.require("edit")
    return writing.amend(
        token,
        f"question/{question_id}",
        QUESTION,
        lambda known: known.question(question_id),
        lambda state, after, reason, known: questions.amend(state, after, reason),
    )


@blueprint.route("/<question_id>/timeline")
@documented(
    summary="What a party said on a question, in order",
    query=TimelineQuery,
    answers={200: TimelineDocument},
    etag=True,
    headers=["Link"],
    problems=[errors.NotFound],
)
def timeline(question_id: str) -> http.Answer:
    """Each statement of the party and of all under it, and with each reversal the claim that it reverses.

    Of `known_by` and the range only that is shown which is certain; a date that overlaps the one before reverses with
    `certain: false`; undated statements come last and reverse nothing.
    """
    return reading.listed(TIMELINE, lambda db, asked, at: timelines.timeline(db, question_id, asked, at))
