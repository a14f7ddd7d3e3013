"""Feeds: the newest changes as readers of feeds take them. JSON Feed 1.1; Atom has no schema here."""

from __future__ import annotations

from schemas.base import Document, Query
from schemas.changes import StatusChange
from schemas.entries import ACTOR, SUBJECT
from schemas.fields import Choice, Item, Items, Shaped, Slug, StrictInteger, Text, Ulid, Url
from schemas.stamps import stamp
from schemas.vocabulary import ENTRY_KINDS

PAIR = "01JDF3QZ5W8N6T2K4M7R9V0XAA~01JDF3QZ5W8N6T2K4M7R9V0XAB"


class FeedQuery(Query):
    """What a feed is narrowed to: the filters of changes."""

    kind = Choice(ENTRY_KINDS, "Only this kind of entry.")
    party = Slug("Only what concerns this party, or anything under it.")
    question = Slug("Only what concerns this question.")
    reviewer = Slug("Only this reviewer's verdicts and assessments.")


class FeedAuthor(Document):
    """Who did it."""

    name = Text("The name of the party; `onrecord` for the command line.", example="Example Desk")


class FeedReversal(Document):
    """That a party took another position than before."""

    party = Slug("The party.", example="dhs")
    question = Slug("The question.", example="sc-voluntary")
    claim = Ulid("The claim that takes the new position.", example="01JDF3QZ5W8N6T2K4M7R9V0XAB")
    before = Ulid("The claim that took the one before.", example="01JDF3QZ5W8N6T2K4M7R9V0XAA")


class FeedChange(Document):
    """The change for programs: an extension of JSON Feed, which readers ignore."""

    index = StrictInteger("The number of the entry.", example=18)
    kind = Choice(ENTRY_KINDS, "What happened.", example="verdict.published")
    subject = Shaped(SUBJECT, example="verdict/01JDF5B2C3D4E5F6G7H8J9K0MN")
    actor = Shaped(ACTOR, example="example-desk")
    url = Shaped("Where its document stands.", allow_none=True, example="/v1/verdicts/01JDF5B2C3D4E5F6G7H8J9K0MN")
    claim = Ulid("The claim that it concerns, if it is one.", allow_none=True, example="01JDF3QZ5W8N6T2K4M7R9V0XAB")
    status = Item(StatusChange, "Null unless a claim's status changed.", allow_none=True)
    contradictions = Items(
        Shaped("The id of a contradiction.", example=PAIR),
        "The pairs of claims that came to oppose each other by it, at most ten.",
    )
    reversal = Item(FeedReversal, "Null unless a party reversed itself by it.", allow_none=True)


class FeedItem(Document):
    """One entry of the log, in words."""

    id = Text("The same for this entry for ever, wherever it is served.", example="urn:uuid:0f1e2d3c-…")
    url = Url("The page on which one sees it.", example="https://record.example/parties/dhs")
    title = Text("What happened, in a sentence.", example="Example Desk rated “Never.” by ICE false")
    content_text = Text("The sentence, with reasons and words in full.", example="Explanation: It did.")
    date_published = stamp("When it was appended (UTC).")
    date_modified = stamp("When words of it were last erased, or else when it was appended.")
    authors = Items(Item(FeedAuthor), "Who did it.")
    tags = Items(Choice(ENTRY_KINDS, "The kind of entry."), "One.", example=["verdict.published"])
    onrecord = Item(FeedChange, "The change for programs.", data_key="_onrecord")


class JSONFeed(Document):
    """The newest changes as a JSON Feed (https://www.jsonfeed.org/version/1.1/)."""

    version = Url("The format.", example="https://jsonfeed.org/version/1.1")
    title = Text("What the feed is of.", example="onrecord: what changed on record")
    home_page_url = Url("A page for people.", example="https://record.example/")
    feed_url = Url("This feed.", example="https://record.example/feeds/changes.json")
    description = Text("What the feed is of, in a sentence.", example="The newest 50 changes.")
    language = Text("The language of the sentences.", example="en")
    items = Items(Item(FeedItem), "The newest first.")
