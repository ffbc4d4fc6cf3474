"""Articles over HTTP, as those who write, approve and use them."""

from typing import Any

import httpx
import pytest
from hub_running import MakeKey, RunningHub
from labelled import ARTICLE

from hub.core.database import Database

PATH = "/api/v1/knowledge/articles"


def write(client: httpx.Client, **changes: Any) -> str:
    number: str = client.post(PATH, json={**ARTICLE, **changes}).raise_for_status().json()["id"]
    return number


def act(client: httpx.Client, article: str, action: str, edition: int = 1, **more: Any) -> httpx.Response:
    return client.post(f"{PATH}/{article}/editions/{edition}/actions", json={"action": action, **more})


def publish(author: httpx.Client, approver: httpx.Client, article: str, edition: int = 1) -> None:
    act(author, article, "submit", edition).raise_for_status()
    act(approver, article, "approve", edition).raise_for_status()


def test_from_draft_to_retired(author: httpx.Client, approver: httpx.Client) -> None:
    """K1: a draft is found by nobody; what is published is, and no more when it is retired."""
    article = write(author)
    search = {"q": "无法开机"}
    assert author.get("/api/v1/knowledge/search", params=search).json() == []
    act(author, article, "submit").raise_for_status()
    sent_back = act(approver, article, "send_back", reason="Say which fuse").raise_for_status().json()
    assert (sent_back["state"], sent_back["said"]) == ("draft", "Say which fuse")
    new = {**ARTICLE["edition"], "texts": {"en": {"title": "SP-100 is dead", "body": "Replace fuse F1, 250 mA."}}}
    shown = author.get(f"{PATH}/{article}").json()["editions"][0]
    stale = author.put(f"{PATH}/{article}/editions/1", json=new, headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    edited = author.put(f"{PATH}/{article}/editions/1", json=new, headers={"If-Match": f'"{shown["version"]}"'})
    assert [text["language"] for text in edited.raise_for_status().json()["texts"]] == ["en"]
    publish(author, approver, article)
    (hit,) = author.get("/api/v1/knowledge/search", params=search).json()
    assert (hit["article"], hit["language"], hit["because"]) == (article, "en", [{"what": "words", "text": "无法开机"}])
    assert act(approver, article, "retire").json()["type"].endswith("reason-wanted")
    act(approver, article, "retire", reason="Model discontinued").raise_for_status()
    assert author.get("/api/v1/knowledge/search", params=search).json() == []
    kinds = [event["kind"] for event in author.get(f"{PATH}/{article}/timeline").json()["items"]]
    assert kinds == [
        "article.retire",
        "article.approve",
        "article.submit",
        "article.edit",
        "article.send_back",
        "article.submit",
        "article.created",
    ]


def test_nobody_approves_what_they_wrote(hub: RunningHub, admin: httpx.Client, make_key: MakeKey) -> None:
    """S1: an administrator's account neither, not through a key that it makes either."""
    article = write(admin)
    act(admin, article, "submit").raise_for_status()
    refused = act(admin, article, "approve")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "edition-action-guarded")
    token = admin.post("/api/v1/keys", json={"name": "second", "role": "quality"}).json()["token"]
    with hub.client(token) as second:
        assert act(second, article, "approve").status_code == 409
    with hub.client(make_key("quality")) as other:
        act(other, article, "approve").raise_for_status()


def test_an_edition_takes_the_place_of_another(author: httpx.Client, approver: httpx.Client) -> None:
    """K2."""
    article = write(author)
    publish(author, approver, article)
    wanted = {**ARTICLE["edition"], "describes": {"first": "2.0"}, "replaces": 1}
    refused = author.post(f"{PATH}/{article}/editions", json={**wanted, "replaces": 7})
    assert refused.json()["type"].endswith("unknown-edition-replaced")
    assert author.post(f"{PATH}/{article}/editions", json=wanted).raise_for_status().json()["number"] == 2
    publish(author, approver, article, edition=2)
    states = [(one["number"], one["state"]) for one in author.get(f"{PATH}/{article}").json()["editions"]]
    assert states == [(2, "published"), (1, "retired")]
    (hit,) = author.get("/api/v1/knowledge/search", params={"q": "fuse"}).json()
    assert hit["edition"] == 2
    assert author.get("/api/v1/knowledge/search", params={"q": "fuse", "version": "1.9"}).json() == []


def test_drafts_are_seen_by_those_who_write(
    hub: RunningHub, author: httpx.Client, approver: httpx.Client, make_key: MakeKey
) -> None:
    article = write(author)
    with hub.client(make_key("counter")) as counter:
        assert counter.get(f"{PATH}/{article}").status_code == 404
        assert counter.get(PATH).json()["items"] == []
        publish(author, approver, article)
        author.post(f"{PATH}/{article}/editions", json=ARTICLE["edition"]).raise_for_status()
        shown = counter.get(f"{PATH}/{article}").raise_for_status().json()
        assert [one["number"] for one in shown["editions"]] == [1]
        assert counter.post(PATH, json=ARTICLE).status_code == 403
        assert act(counter, article, "retire", reason="x").status_code == 403
        verdict = counter.put(f"{PATH}/{article}/editions/2/verdict", json={"helpful": True})
        assert verdict.json()["type"].endswith("edition-not-found")


def test_lists_tell_what_lacks_a_translation(author: httpx.Client, approver: httpx.Client) -> None:
    """K3."""
    only_chinese = {**ARTICLE["edition"], "texts": {"zh-CN": ARTICLE["edition"]["texts"]["zh-CN"]}}
    article = write(author, edition=only_chinese, kind="script")
    both = write(author)
    publish(author, approver, article)
    publish(author, approver, both)
    listed = author.get(PATH, params={"lacks_language": "en"}).json()["items"]
    assert [(one["id"], one["title"], one["kind"]) for one in listed] == [(article, "SP-100 无法开机", "script")]
    assert [one["title"] for one in approver.get(PATH).json()["items"]] == [
        "SP-100 does not turn on",
        "SP-100 无法开机",
    ]


def test_filing_elsewhere_is_found_there(author: httpx.Client, approver: httpx.Client) -> None:
    """K4: and what is training material can be listed."""
    article = write(author)
    publish(author, approver, article)
    assert author.patch(f"{PATH}/{article}", json={"fault": "dead"}).status_code == 403
    changed = approver.patch(f"{PATH}/{article}", json={"fault": "dead", "training": True}).raise_for_status().json()
    assert (changed["fault"], changed["training"]) == ("dead", True)
    assert author.get("/api/v1/knowledge/search", params={"fault": "no_power"}).json() == []
    (hit,) = author.get("/api/v1/knowledge/search", params={"fault": "dead"}).json()
    assert hit["because"] == [{"what": "fault", "text": "dead"}]
    assert [one["id"] for one in author.get(PATH, params={"training": True}).json()["items"]] == [article]


@pytest.mark.parametrize(
    ("edition", "pointer"),
    [
        ({"texts": {}}, "#/edition/texts"),
        ({"describes": {"first": "2", "last": "1"}}, "#/edition/describes"),
        ({"describes": {"first": "new"}}, "#/edition/describes/first"),
        ({"measurements": [""]}, "#/edition/measurements/0"),
    ],
)
def test_mistakes_are_named(author: httpx.Client, edition: dict[str, Any], pointer: str) -> None:
    answer = author.post(PATH, json={**ARTICLE, "edition": {**ARTICLE["edition"], **edition}})
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


def test_verdicts_count_once_a_person_and_ticket(
    author: httpx.Client, approver: httpx.Client, staff: httpx.Client, database: Database
) -> None:
    article = write(author)
    place = f"{PATH}/{article}/editions/1/verdict"
    assert staff.put(place, json={"helpful": True}).json()["type"].endswith("edition-not-published")
    publish(author, approver, article)
    assert staff.put(place, json={"helpful": True, "ticket": "T-000099"}).status_code == 404
    staff.put(place, json={"helpful": True}).raise_for_status()
    counted = staff.put(place, json={"helpful": False}).raise_for_status().json()
    assert counted == {"shown": 0, "helpful": 0, "not_helpful": 1}
    author.put(place, json={"helpful": True}).raise_for_status()
    assert author.get(f"{PATH}/{article}").json()["editions"][0]["uses"] == {"shown": 0, "helpful": 1, "not_helpful": 1}
