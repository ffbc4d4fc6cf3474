"""T2, T3: an intake is complete, or the refusal names everything that is missing."""

from typing import Any

import httpx
import pytest
from hub_running import MakeKey, RunningHub

from hub.core.database import Database
from hub.core.problems import Problem
from hub.fleet import service as fleet
from hub.tickets import actions, intake, items
from hub.tickets.items import Item
from hub.tickets.kinds import Channel, Kind
from hub.tickets.states import action_words

pytestmark = pytest.mark.any_database

TICKETS = "/api/v1/tickets"
EVERYTHING = frozenset(Item)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("channel", [*Channel, None])
def test_each_missing_thing_is_named_by_itself(kind: Kind, channel: Channel | None) -> None:
    policy = intake.delivered()
    assert intake.missing(policy, kind, channel, EVERYTHING) == ()
    for item in policy.wanted(kind, channel):
        assert intake.missing(policy, kind, channel, EVERYTHING - {item}) == (item,)
        (error,) = items.field_errors([item])
        assert error.where.startswith("#/")
        assert error.words["en"] and error.words["zh-CN"]


def test_a_repair_at_the_counter_wants_all_of_t3() -> None:
    wanted = set(intake.delivered().wanted(Kind.REPAIR, Channel.COUNTER))
    assert wanted == EVERYTHING - {Item.WAITED_S}


def test_a_refusal_names_everything_in_the_callers_language(staff: httpx.Client) -> None:
    body = {"kind": "repair", "channel": "counter", "device": {"model": "SP-100"}, "contact": {"name": "李雷"}}
    english = staff.post(TICKETS, json=body)
    chinese = staff.post(TICKETS, json=body, headers={"Accept-Language": "zh-CN"})
    assert (english.status_code, chinese.status_code) == (422, 422)
    places = ["contact", "device/serial", "symptom", "urgency", "purchase_proof", "accessories", "appearance"]
    assert [one["pointer"] for one in english.json()["errors"]] == [*(f"#/{one}" for one in places), "#/attachments"]
    assert "telephone number or e-mail" in english.json()["errors"][0]["detail"]
    assert "repair: contact, serial number, symptom or question" in english.json()["detail"]
    assert chinese.json()["title"] == "受理信息不完整"
    assert chinese.json()["errors"][1]["detail"] == "请填写设备铭牌上的序列号"
    assert staff.get(TICKETS).json()["items"] == []


@pytest.mark.parametrize(
    ("wrong", "pointer", "said"),
    [
        ({"store": "nowhere"}, "#/store", "GET /api/v1/stores"),
        ({"contact": {"name": "李雷", "phone": "- - - - -"}}, "#/contact/phone", "至少 5 位数字"),
        ({"contact": {"name": "  ", "phone": "13800000000"}}, "#/contact/name", "至少 1 个字符"),
    ],
)
def test_what_leads_to_nobody_is_refused(
    wrong: dict[str, Any], pointer: str, said: str, admin: httpx.Client, complete: dict[str, Any]
) -> None:
    """T3, S5: a store that does not exist, a number without digits and a name of blanks would pass for an intake."""
    answer = admin.post(TICKETS, json={**complete, **wrong}, headers={"Accept-Language": "zh-CN"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, pointer)
    assert said in error["detail"]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("channel", list(Channel))
def test_a_complete_intake_is_taken_on_every_channel(
    kind: Kind, channel: Channel, staff: httpx.Client, complete: dict[str, Any]
) -> None:
    answer = staff.post(TICKETS, json={**complete, "kind": kind, "channel": channel})
    assert answer.status_code == 201, answer.text
    shown = staff.get(answer.headers["location"]).json()
    assert (shown["kind"], shown["channel"], shown["state"]) == (kind, channel, "new")
    assert shown["intake"] == {
        "accessories": ["power adapter"],
        "appearance": "clean",
        "purchase_proof": {"kind": "receipt", "number": "FP-1"},
        "waited_s": 12,
        "still_wanted": [],
    }
    assert [one["media_type"] for one in shown["attachments"]] == ["image/jpeg"]


def test_what_is_still_wanted_is_shown_and_taken_down_later(staff: httpx.Client, complete: dict[str, Any]) -> None:
    body = {name: complete[name] for name in ("device", "symptom", "contact")}
    created = staff.post(TICKETS, json={**body, "channel": "phone"}).raise_for_status().json()
    wanted = ["urgency", "purchase_proof", "accessories", "appearance", "photos"]
    assert created["still_wanted"] == wanted
    rest = {name: complete[name] for name in wanted[:-1]}
    staff.patch(f"{TICKETS}/{created['id']}/intake", json=rest).raise_for_status()
    staff.post(f"{TICKETS}/{created['id']}/attachments", json=complete["attachments"][0]).raise_for_status()
    shown = staff.get(f"{TICKETS}/{created['id']}").json()
    assert shown["intake"]["still_wanted"] == []
    assert shown["timeline"][1]["payload"]["changed"] == ["accessories", "appearance"], "no personal data, but names"


def test_correcting_a_name_keeps_the_ways_to_reach_the_customer(staff: httpx.Client, complete: dict[str, Any]) -> None:
    contact = {"name": "A", "phone": "13955551111", "email": "a@b.cn"}
    made = staff.post(TICKETS, json={**complete, "contact": contact}).raise_for_status().json()
    path = f"{TICKETS}/{made['id']}"
    staff.patch(f"{path}/intake", json={"contact": {"name": "AB"}}).raise_for_status()
    shown = staff.get(path).json()
    assert (shown["contact"], shown["customer"]) == ({**contact, "name": "AB"}, made["customer"])
    nothing = {"contact": {"name": "AB", "phone": None, "email": None}}
    refused = staff.patch(f"{path}/intake", json=nothing)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/contact")
    staff.patch(f"{path}/intake", json={"contact": {"name": "AB", "email": None}}).raise_for_status()
    assert staff.get(path).json()["contact"] == {"name": "AB", "phone": "13955551111", "email": None}


def test_a_proofs_number_stays_until_it_is_emptied_or_there_is_no_proof(
    staff: httpx.Client, complete: dict[str, Any]
) -> None:
    path = f"{TICKETS}/{staff.post(TICKETS, json=complete).raise_for_status().json()['id']}"

    def correct(**proof: str | None) -> dict[str, Any]:
        staff.patch(f"{path}/intake", json={"purchase_proof": proof}).raise_for_status()
        shown: dict[str, Any] = staff.get(path).json()["intake"]["purchase_proof"]
        return shown

    assert correct(kind="receipt", number="R-1") == {"kind": "receipt", "number": "R-1"}
    assert correct(kind="invoice") == {"kind": "invoice", "number": "R-1"}
    assert correct(kind="invoice", number=None) == {"kind": "invoice", "number": None}
    correct(kind="order", number="R-2")
    assert correct(kind="none") == {"kind": "none", "number": None}


def test_a_draft_is_submitted_when_it_is_complete(staff: httpx.Client, complete: dict[str, Any]) -> None:
    draft = staff.post(TICKETS, json={"kind": "repair", "channel": "counter", "draft": True}).raise_for_status().json()
    assert draft["state"] == "draft"
    path = f"{TICKETS}/{draft['id']}"
    assert staff.get(f"{path}/deadlines").json()["clocks"] == [], "no clock runs for a draft"
    refused = staff.post(f"{path}/actions", json={"action": "submit"})
    assert refused.status_code == 422
    assert len(refused.json()["errors"]) == 9
    staff.patch(
        f"{path}/intake",
        json={
            name: complete[name]
            for name in ("device", "symptom", "contact", "urgency", "purchase_proof", "accessories", "appearance")
        },
    ).raise_for_status()
    staff.post(f"{path}/attachments", json=complete["attachments"][0]).raise_for_status()
    submitted = staff.post(f"{path}/actions", json={"action": "submit"}).raise_for_status().json()
    assert (submitted["state"], submitted["priority"]) == ("new", 5)
    assert staff.get(f"{path}/deadlines").json()["clocks"] != []


@pytest.mark.parametrize("kind", [kind for kind in Kind if not intake.delivered().kinds[kind].draft])
def test_kinds_that_are_answered_at_once_have_no_drafts(kind: Kind, staff: httpx.Client) -> None:
    answer = staff.post(TICKETS, json={"kind": kind, "draft": True})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "no-draft")


def test_open_tickets_of_the_same_device_or_customer_are_named(staff: httpx.Client, complete: dict[str, Any]) -> None:
    """M1."""
    first = staff.post(TICKETS, json=complete).json()
    assert first["possible_duplicates"] == []
    device = {
        "model": "ＳＰ-100 ".lower(),
        "serial": " ｓn－１ ",
    }  # as an input method left in full-width mode types it
    same_serial = {**complete, "device": device, "contact": {"name": "韩梅梅", "email": "han@example.com"}}
    (twin,) = staff.post(TICKETS, json=same_serial).json()["possible_duplicates"]
    assert (twin["ticket"], twin["because"]) == (first["id"], ["serial"])
    (known,) = staff.get("/api/v1/devices", params={"serial": "SN-1"}).json()["items"]
    assert known["model"] == "SP-100", "one device, by the name that it was first known by"
    same_phone = {
        **complete,
        "device": {"model": "SP-100", "serial": "SN-2"},
        "contact": {"name": "小李", "phone": "13800000000"},
    }
    answer = staff.post(TICKETS, json=same_phone, headers={"Accept-Language": "zh"}).json()
    assert [(one["ticket"], one["because"]) for one in answer["possible_duplicates"]] == [(first["id"], ["customer"])]
    assert answer["possible_duplicates"][0]["title"] == f"{first['id']} 未关闭，客户相同"
    staff.post(f"{TICKETS}/{first['id']}/actions", json={"action": "cancel"}).raise_for_status()
    other = {**complete, "device": {"model": "SP-100", "serial": "SN-2"}}
    found = staff.post(TICKETS, json=other).json()["possible_duplicates"]
    assert first["id"] not in [one["ticket"] for one in found], "closed tickets are no duplicates"


def test_what_people_write_is_shown_and_not_in_the_chain(
    staff: httpx.Client, database: Database, complete: dict[str, Any]
) -> None:
    from sqlalchemy import select

    from hub.events.models import Event

    ticket = staff.post(TICKETS, json=complete).json()["id"]
    staff.post(f"{TICKETS}/{ticket}/actions", json={"action": "note", "note": "李雷要求周末取"}).raise_for_status()
    assert staff.get(f"{TICKETS}/{ticket}/timeline").json()["items"][0]["payload"]["note"] == "李雷要求周末取"
    with database.read() as session:
        assert "李雷" not in str(list(session.scalars(select(Event.payload))))


def test_wrong_details_of_an_action_are_named(staff: httpx.Client, complete: dict[str, Any]) -> None:
    ticket = staff.post(TICKETS, json={**complete, "kind": "consultation"}).json()["id"]
    path = f"{TICKETS}/{ticket}/actions"
    answer = staff.post(path, json={"action": "promise"}, headers={"Accept-Language": "zh"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "#/details/promised_at", "detail": "必填"}]


def test_a_mistake_of_several_members_is_named_at_the_one_to_mend() -> None:
    option = {"work": "x", "cost_minor": 1}
    wrong = [
        ("approve_plan", {"option": 1, "how": "phone"}, ["#/details/said_by"]),
        ("propose_plan", {"options": [option]}, ["#/details/only_option_because"]),
        ("propose_plan", {"options": [option, option | {"currency": "USD"}]}, ["#/details/options/1/currency"]),
        ("propose_plan", {"options": [{"work": "x"}]}, ["#/details/options/0/cost_minor"]),
        ("preapprove", {"limit_minor": 1, "currency": "YUA", "how": "phone", "said_by": "x"}, ["#/details/currency"]),
    ]
    for action, details, places in wrong:
        with pytest.raises(Problem) as refused:
            actions.checked(action, details)
        assert [one.where for one in refused.value.errors] == places


def test_an_action_is_called_what_its_kind_calls_it() -> None:
    assert action_words("finding", "complaint")["zh-CN"] == "记录调查事实（finding）"
    assert action_words("finding", "repair")["zh-CN"] == "记录诊断结果（finding）"
    assert action_words("taken", "installation")["zh-CN"] == "“taken”", "the kinds that have it call it differently"


def test_the_kinds_are_described(staff: httpx.Client) -> None:
    found = {one["kind"]: one for one in staff.get("/api/v1/ticket-kinds").raise_for_status().json()}
    assert found.keys() == set(Kind)
    promise = next(one for one in found["consultation"]["actions"] if one["action"] == "promise")
    assert promise["details"]["required"] == ["promised_at"]
    assert found["repair"]["intake_at_counter"][-1] == "photos"


def test_a_bench_may_neither_amend_nor_see_a_purchase_proof(
    hub: RunningHub, staff: httpx.Client, make_key: MakeKey, database: Database, complete: dict[str, Any]
) -> None:
    with database.write() as session:
        fleet.register(session, "bench-01")
    (photo,) = complete["attachments"]
    body = {**complete, "attachments": [photo, {**photo, "purpose": "purchase_proof"}]}
    ticket = staff.post(TICKETS, json=body).json()["id"]
    staff.put(f"{TICKETS}/{ticket}/assignment", json={"bench": "bench-01"}).raise_for_status()
    first, second = (one["id"] for one in staff.get(f"{TICKETS}/{ticket}").json()["attachments"])
    with hub.client(make_key("bench", bench="bench-01")) as bench:
        assert [one["id"] for one in bench.get(f"{TICKETS}/{ticket}").json()["attachments"]] == [first]
        assert bench.get(f"{TICKETS}/{ticket}/attachments/{first}").status_code == 200
        assert bench.get(f"{TICKETS}/{ticket}/attachments/{second}").status_code == 404
        assert bench.patch(f"{TICKETS}/{ticket}/intake", json={"appearance": "x"}).status_code == 403
        assert bench.get(f"{TICKETS}/{ticket}").json()["customer"] is None
