"""Google's own client, unmodified, against a server of ours: all that has to change is one address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httplib2
import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from api.storage.sqlite import Database
from tests.contract.servers import Server, serving
from tests.contract.test_contract_google_pages import PAGE
from tests.records import Recorder

CLAIMS = 23


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over a record with so many reviewed claims and as many that nobody reviewed."""
    with serving(tmp_path_factory.mktemp("google"), WEB_CONCURRENCY="1") as running:
        store = Database(running.database)
        record = Recorder(store)
        with record.together():
            record.party("dhs", name="Homeland Security")
            for i in range(CLAIMS):
                claim = record.claim(f"It is voluntary in county {i}.", "dhs", language="en")
                record.verdict(claim, url=f"https://www.desk.example/{i}", reviewed_on="2020-01-01", language="en")
                record.claim(f"It is voluntary in town {i}.", "dhs")
        store.close()
        yield running


@contextmanager
def service(server: Server, http: httplib2.Http | None = None, **more: Any) -> Iterator[Any]:
    """Google's client, with one thing changed."""
    endpoint = {"api_endpoint": f"http://127.0.0.1:{server.port}"}
    with closing(build("factchecktools", "v1alpha1", http=http, client_options=endpoint, **more)) as made:
        yield made


def test_search_goes_to_the_end(server: Server) -> None:
    """With `search_next`, as in Google's documentation; with a key that worked there."""
    with service(server, developerKey="AIzaSyExampleExampleExampleExampleExample") as google:
        found, pages = [], 0
        request = google.claims().search(query="voluntary", languageCode="en-US", maxAgeDays=36_500)
        while request is not None:
            answer = request.execute()
            found += answer["claims"]
            pages += 1
            request = google.claims().search_next(request, answer)
    assert (len(found), pages) == (CLAIMS, 3)
    assert {claim["text"] for claim in found} == {f"It is voluntary in county {i}." for i in range(CLAIMS)}
    assert found[0]["claimReview"][0]["publisher"] == {"name": "Example Desk", "site": "desk.example"}


def test_search_by_site(server: Server) -> None:
    """Without words; an offset and a size of pages; and a site that there is nothing of."""
    with service(server, developerKey="any") as google:
        answer = google.claims().search(reviewPublisherSiteFilter="desk.example", offset=20, pageSize=2).execute()
        assert (len(answer["claims"]), "nextPageToken" in answer) == (2, True)
        assert google.claims().search(reviewPublisherSiteFilter="nowhere.example").execute() == {}


def test_all_calls_for_pages(server: Server) -> None:
    """Create, get, list, update and delete, with a token as bearer; the page is gone in the end."""
    with service(server, credentials=Credentials(server.tokens[0])) as google:  # type: ignore[no-untyped-call]
        pages = google.pages()
        made = pages.create(body=PAGE).execute()
        assert pages.get(name=made["name"]).execute() == made
        listed = pages.list(url=PAGE["pageUrl"]).execute()
        assert listed["claimReviewMarkupPages"] == [made]
        made["claimReviewMarkups"].pop()
        after = pages.update(name=made["name"], body=made).execute()
        assert after["claimReviewMarkups"] == made["claimReviewMarkups"]
        with pytest.raises(HttpError) as stale:
            pages.update(name=made["name"], body=made).execute()
        assert (stale.value.status_code, stale.value.error_details[0]["reason"]) == (409, "REVISION_MISMATCH")
        assert pages.delete(name=made["name"]).execute() == {}
        with pytest.raises(HttpError) as gone:
            pages.get(name=made["name"]).execute()
    assert gone.value.status_code == 404
    assert gone.value.reason == f"No page '{made['name'].removeprefix('pages/')}' is on record."
    assert gone.value.error_details[0]["reason"] == "NOT_FOUND"


def test_all_pages_with_list_next(server: Server) -> None:
    """The client pages through the pages of a site; a token in `key` would do as well."""
    with service(server, developerKey=server.tokens[0]) as google:
        found = []
        request = google.pages().list(organization="desk.example", pageSize=10)
        while request is not None:
            answer = request.execute()
            found += [page["pageUrl"] for page in answer["claimReviewMarkupPages"]]
            request = google.pages().list_next(request, answer)
    assert sorted(found) == sorted(f"https://www.desk.example/{i}" for i in range(CLAIMS))


def test_errors_are_read_by_the_client(server: Server) -> None:
    """What is wrong, and which field."""
    with service(server, developerKey="any") as google:
        with pytest.raises(HttpError) as bad:
            google.claims().search(languageCode="en").execute()
        assert bad.value.status_code == 400
        assert bad.value.reason == "Give 'query', or 'reviewPublisherSiteFilter', or both."
        assert bad.value.error_details[1]["fieldViolations"][0]["field"] == "query"
        with pytest.raises(HttpError) as images:
            google.claims().imageSearch(imageUri="https://a.example/1.png").execute()
        assert images.value.status_code == 501
        with pytest.raises(HttpError) as nobody:
            google.pages().delete(name="pages/x").execute()
        assert nobody.value.status_code == 401


def test_too_many_writes(tmp_path: Path) -> None:
    """429, with the seconds to wait in the header and in the body."""
    with (
        serving(tmp_path, WEB_CONCURRENCY="1", ONRECORD_RATE_WRITES="1/hour") as limited,
        service(limited, credentials=Credentials(limited.tokens[0])) as google,  # type: ignore[no-untyped-call]
    ):
        google.pages().create(body=PAGE).execute()
        with pytest.raises(HttpError) as often:
            google.pages().create(body=PAGE).execute()
    assert often.value.status_code == 429
    assert often.value.error_details[1]["retryDelay"] == f"{often.value.resp['retry-after']}s"


def test_an_unchanged_answer_comes_from_the_clients_cache(server: Server, tmp_path: Path) -> None:
    """httplib2 sends the ETag by itself, and the server says 304."""
    http = httplib2.Http(cache=str(tmp_path / "cache"))
    with service(server, http=http, developerKey="any") as google:
        request = google.claims().search(query="voluntary")
        # Else it would not even ask, for some seconds.
        request.headers["cache-control"] = "max-age=0"
        first = request.execute()
        again, content = http.request(request.uri, headers={"cache-control": "max-age=0"})
        assert (again.fromcache, again["status"]) == (True, "304")
        assert request.execute() == first
        assert b"It is voluntary in county" in content
