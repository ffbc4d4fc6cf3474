"""Text that a database cannot hold is refused, not a failure of the hub."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

BODY = '{"kind": "complaint", "symptom": "a%sb", "contact": {"name": "n", "phone": "+86 138 0000 0000"}}'


@pytest.mark.parametrize("odd", ["\\ud800", "\\u0000", "\\udfff\\ud800"])
def test_half_characters_and_nul(staff: httpx.Client, odd: str) -> None:
    answer = staff.post("/api/v1/tickets", content=BODY % odd, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "#/symptom"


def test_an_escaped_backslash_is_no_nul(staff: httpx.Client) -> None:
    body = BODY % "\\\\u0000"
    answer = staff.post("/api/v1/tickets", content=body, headers={"Content-Type": "application/json"})
    assert answer.raise_for_status().json()["symptom"] == "a\\u0000b"


def test_an_escape_in_two_chunks(staff: httpx.Client) -> None:
    first, second = (BODY % "\\u0000").split("u0", 1)

    def chunks() -> Iterator[bytes]:
        yield first.encode()
        yield b"u0" + second.encode()

    answer = staff.post("/api/v1/tickets", content=chunks(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/symptom"), answer.text


def test_text_that_nobody_sees_is_no_text(staff: httpx.Client) -> None:
    for unseen, pointer in (("\u200b\u200b", "#/symptom"), ("a\u202eb", "#/symptom")):
        answer = staff.post("/api/v1/tickets", json=json.loads(BODY % "") | {"symptom": unseen})
        assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, [pointer])
    for control in ("\x01", "\x1b\x7f", "\x9b", "\x1c", "\x85\x9b"):
        answer = staff.post("/api/v1/tickets", json=json.loads(BODY % "") | {"symptom": control})
        assert [one["pointer"] for one in answer.json()["errors"]] == ["#/symptom"], repr(control)
    body = json.loads(BODY % "") | {"symptom": "\u200e123\U0001f469\u200d\U0001f527"}
    assert staff.post("/api/v1/tickets", json=body).status_code == 201, "what only joins what is seen may stay"


def test_a_nul_is_told_with_the_other_mistakes(staff: httpx.Client) -> None:
    body = (BODY % "\\u0000").replace("138 0000 0000", "").replace("complaint", "no_such")
    answer = staff.post("/api/v1/tickets", content=body, headers={"Content-Type": "application/json"})
    pointers = {one["pointer"] for one in answer.json()["errors"]}
    assert pointers == {"#/symptom", "#/contact/phone", "#/kind"}, answer.text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"kind": "complaint", "symptom": "a", "symptom": "b"}', "#/symptom"),
        ('{"kind": "complaint", "sympt\\u006fm": "a", "symptom": "a"}', "#/symptom"),
        ('{"contact": {"name": "n", "phone": "1", "name": "n"}, "symptom": "a"}', "#/contact/name"),
        ('{"accessories": ["a", {"b/c": {"d": 1, "d": {}}}]}', "#/accessories/1/b~1c/d"),
        ('{"a": {"b\\u0000": 1}}', "#/a"),
    ],
)
def test_a_member_is_there_once(staff: httpx.Client, body: str, pointer: str) -> None:
    """Of two the parser would take the last one without a word."""
    answer = staff.post("/api/v1/tickets", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, [pointer]), answer.text


def test_control_characters_are_in_no_text(admin: httpx.Client) -> None:
    """A terminal would obey them; texts of one line have no line break and no tab either."""
    ticket = json.loads(BODY % "")
    user = {"login": "li.lei", "role": "technician", "password": "long enough 1"}
    device = {"serial": "S1"}
    for path, lines, whole, place in (
        ("users", {**user, "name": "%s"}, False, "#/name"),
        ("stores", {"code": "s-%s", "name": "%s"}, False, "#/name"),
        ("tickets", {**ticket, "device": {**device, "model": "%s"}}, False, "#/device/model"),
        ("tickets", {**ticket, "contact": {**ticket["contact"], "name": "%s"}}, False, "#/contact/name"),
        ("tickets", {**ticket, "symptom": "%s"}, True, "#/symptom"),
    ):
        for number, odd in enumerate(("\x07", "\x1b]0;x\x07", "\x9b", "\n", "\t")):
            text = json.dumps(lines).replace("s-%s", f"s-{number}").replace("%s", json.dumps(f"a{odd}b")[1:-1])
            answer = admin.post(f"/api/v1/{path}", content=text, headers={"Content-Type": "application/json"})
            if whole and odd in "\n\t":
                assert answer.status_code == 201, answer.text
            else:
                assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, [place])


def test_a_body_in_utf_16_is_told_to_be_no_utf_8(staff: httpx.Client) -> None:
    sent = (BODY % "").encode("utf-16")
    for body in (b"\xff\xfe", sent):
        answer = staff.post("/api/v1/tickets", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, "UTF-8" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize("odd", ["%00", "%ED%A0%80", "%FF"])
def test_in_an_address(staff: httpx.Client, odd: str) -> None:
    for path in (f"/api/v1/tickets?serial=a{odd}", f"/api/v1/tickets/T{odd}", f"/api/v1/stores/a{odd}"):
        assert staff.get(path).status_code in {200, 404, 422}, path
    refused = staff.get("/api/v1/tickets?kind=repair&serial=%00").json()
    assert [one["query"] for one in refused["errors"]] == ["serial"]


def test_every_refusal_of_a_field_names_it(admin: httpx.Client) -> None:
    user = {"login": "li.lei", "name": "李雷", "role": "technician", "password": "long enough 1"}
    repair = {"kind": "repair", "channel": "web", "device": {"model": "SP-100", "serial": "S1"}}
    ticket = admin.post("/api/v1/tickets", json=json.loads(BODY % "") | repair).raise_for_status().json()["id"]
    at = f"/api/v1/tickets/{ticket}"
    cases: list[tuple[str, str, Any, str]] = [
        ("POST", "/api/v1/users", user | {"password": "aaaaaaaaaaaa"}, "#/password"),
        ("POST", "/api/v1/users", user | {"login": "?!"}, "#/login"),
        ("POST", "/api/v1/users", user | {"role": "store_system"}, "#/role"),
        ("POST", "/api/v1/keys", {"name": "k", "role": "bench"}, "#/bench"),
        ("POST", f"{at}/merge", {"into": ticket}, "#/into"),
        ("GET", "/api/v1/tickets?cursor=x", None, "query:cursor"),
        ("GET", "/api/v1/exports/tickets?after=x", None, "query:after"),
        ("GET", "/api/v1/analysis/tickets?by=day&by=week", None, "query:by"),
        ("PATCH", f"{at}/intake", {}, "#"),
        ("PATCH", f"{at}/intake", {"symptom": None}, "#/symptom"),
        ("PATCH", f"{at}/intake", {"device": {"serial": None}}, "#/device/serial"),
        ("PATCH", f"{at}/intake", {"device": {}}, "#/device"),
        ("PATCH", f"{at}/intake", {"contact": {"name": None, "phone": "12345"}}, "#/contact/name"),
        ("PATCH", f"{at}/intake", {"purchase_proof": {"kind": "none", "number": "1"}}, "#/purchase_proof/number"),
        ("POST", f"{at}/attachments", {"sha256": "0" * 64}, "#/sha256"),
        ("POST", f"{at}/actions", {"action": "note"}, "#/note"),
        ("POST", f"{at}/actions", {"action": "note", "note": "x", "details": {"a": 1}}, "#/details/a"),
    ]
    for method, path, body, place in cases:
        answer = admin.request(method, path, json=body)
        (error,) = answer.json().get("errors", [{}])
        assert error.get("pointer", f"query:{error.get('query')}") == place, (path, body, answer.text)
