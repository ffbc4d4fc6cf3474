"""Import and export through the API: dry run, errors row by row in the caller's language, all or nothing (S3, M1)."""

from typing import Any

import httpx
import pytest
from desk_roster import OF_NO_STORE
from hub_running import MakeKey, RunningHub

from hub.bulk import files

pytestmark = pytest.mark.any_database
IMPORTS, EXPORTS = "/api/v1/imports", "/api/v1/exports"
CUSTOMERS = "姓名,电话,邮箱\n李雷,+86 138 0000 0000,li@example.com\n韩梅梅,139 0000 0000;021-64000000,\n"


def send(client: httpx.Client, kind: str, data: str | bytes, language: str = "en", **query: Any) -> dict[str, Any]:
    content = data.encode() if isinstance(data, str) else data
    headers = {"Content-Type": "application/octet-stream", "Accept-Language": language}
    answer = client.post(f"{IMPORTS}/{kind}", content=content, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_dry_run_changes_nothing_and_says_what_would_be(admin: httpx.Client) -> None:
    report = send(admin, "customers", CUSTOMERS, dry_run=True)
    assert (report["committed"], report["rows"], report["created_rows"]) == (False, 2, [2, 3])
    assert report["created"] == [], "no numbers of records that are not there: the next import gives them to others"
    assert admin.get("/api/v1/customers").json()["items"] == []
    assert send(admin, "customers", CUSTOMERS)["committed"] is True
    again = send(admin, "customers", CUSTOMERS)
    assert (len(again["created"]), len(again["unchanged"])) == (0, 2), "known customers stay as they are"
    assert admin.get("/api/v1/customers", params={"phone": "021-64000000"}).json()["items"][0]["name"] == "韩梅梅"


def test_each_wrong_row_is_told_and_nothing_is_taken(admin: httpx.Client) -> None:
    data = "model,serial,bought_on,inspect_every_days\nSP-100,SN-1,2026-01-10,365\n,SN-2,gestern,0\nSP-100,SN-3,,,x\n"
    report = send(admin, "devices", data, language="zh-CN")
    assert report["committed"] is False
    assert [(one["row"], one["column"]) for one in report["errors"]] == [
        (3, "model"),
        (3, "bought_on"),
        (3, "inspect_every_days"),
        (4, None),
    ], "as the file calls them"
    assert report["errors"][0]["detail"] == "必填"
    assert report["errors"][3]["detail"] == "该行单元格多于表头"
    assert admin.get("/api/v1/devices").json()["items"] == []
    part = send(admin, "devices", data, partial=True)
    assert (part["committed"], len(part["created"]), len(part["errors"])) == (True, 1, 4)
    assert (part["created_rows"], report["created"]) == ([2], [])
    assert [one["serial"] for one in admin.get("/api/v1/devices").json()["items"]] == ["SN-1"]
    again = send(admin, "devices", "model,serial\nSP-100,sn-１\n")
    assert (again["created"], len(again["unchanged"])) == ([], 1), "the same device, typed in another form"


def test_tickets_come_from_excel_with_what_is_missing_named(admin: httpx.Client) -> None:
    rows = [
        ["kind", "channel", "model", "serial", "symptom", "contact_name", "contact_phone", "fault"],
        ["维修", "Web", "SP-100", "SN-1", "没电", "李雷", "13800000000", "no_power"],
        ["repair", "web", "SP-100", "", "没电", "李雷", "13800000000", ""],
    ]
    report = send(admin, "tickets", files.workbook(rows, "t"))
    assert report["errors"] == [
        {"row": 3, "column": "serial", "detail": "give the serial number on the device's label"}
    ]
    rows[2][3:] = ["SN-2", "", "", "138", "no such fault"]
    report = send(admin, "tickets", files.workbook(rows, "t"))
    found = [(one["column"], one["detail"].partition(",")[0]) for one in report["errors"]]
    assert found == [
        ("contact_name", "Field required"),
        ("contact_phone", "It should be a telephone number: five digits or more"),
        ("fault", "It should be a name that begins with a letter or digit; then letters"),
        ("symptom", "say what is wrong or wanted"),
    ], "what cannot be read, and what is missing besides"
    odd = [rows[0], ["repair", "web", "SP\n100", "SN-3", "no\npower", "Ev\x1b[31mil", "13800000000", "no_power"]]
    report = send(admin, "tickets", "\n".join(",".join(f'"{cell}"' for cell in row) for row in odd).encode())
    assert {one["column"] for one in report["errors"]} == {"model", "contact_name"}, report["errors"]
    report = send(admin, "tickets", files.workbook(rows[:2], "t"))
    shown = admin.get(f"/api/v1/tickets/{report['created'][0]}").json()
    assert (shown["kind"], shown["channel"]) == ("repair", "web"), "by their words as well as by their codes"
    assert (shown["symptom"], shown["contact"]["phone"], shown["fault"]) == ("没电", "13800000000", "no_power")


def test_all_of_a_row_is_told_at_once_each_in_its_column(admin: httpx.Client) -> None:
    rows = [
        [
            "kind",
            "channel",
            "model",
            "serial",
            "symptom",
            "contact_name",
            "contact_phone",
            "fault",
            "waited_s",
            "store",
        ],
        ["repair", "phone", "SP-100", "S9", "x", "a", "hi", "nope", "", "nowhere"],
        ["repairs", "fax", "", "", "", "", "", "nope", "-3", ""],
        ["repair", "counter", "SP-100", "S9", "x", "a", "13955551111", "nope", "", ""],
    ]
    report = send(admin, "tickets", files.workbook(rows, "t"))
    assert [(one["row"], one["column"]) for one in report["errors"]] == [
        *[(2, name) for name in ("contact_phone", "fault", "store")],
        *[(3, name) for name in ("kind", "channel", "waited_s", "fault")],
        *[(4, name) for name in ("urgency", "proof_kind", "accessories", "appearance")],
        (4, None),
        (4, "fault"),
    ]
    assert "POST /api/v1/tickets" in report["errors"][-2]["detail"], "photos come in no file"


def test_a_number_in_a_cell_is_a_number_and_none_is_an_empty_list(admin: httpx.Client) -> None:
    data = "kind,channel,contact_name,contact_phone,symptom,waited_s,accessories\n咨询,phone,李雷,13955551111,?,12,无\n"
    report = send(admin, "tickets", data)
    intake = admin.get(f"/api/v1/tickets/{report['created'][0]}").json()["intake"]
    assert (intake["waited_s"], intake["accessories"]) == (12, [])


def test_a_device_is_given_to_the_customer_with_this_telephone(admin: httpx.Client) -> None:
    send(admin, "customers", CUSTOMERS)
    data = "型号,序列号,客户电话\nSP-100,SN-1,13800000000\nSP-100,SN-2,100000\n"
    report = send(admin, "devices", data, partial=True)
    words = "no customer has this telephone number"
    assert report["errors"] == [{"row": 3, "column": "客户电话", "detail": words}]
    assert admin.get("/api/v1/devices").json()["items"][0]["customer"] is not None


def test_unknown_columns_are_refused_with_those_that_there_are(admin: httpx.Client) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    answer = admin.post(f"{IMPORTS}/customers", content=b"name,colour,name\nx,y,z\n", headers=headers)
    assert answer.status_code == 422
    assert "colour; there are name, phones, emails" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["customers", "devices", "tickets"])
@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_what_is_exported_can_be_read_and_a_template_filled(kind: str, format: str, admin: httpx.Client) -> None:
    admin.post("/api/v1/tickets", json={**OF_NO_STORE, "symptom": '=HYPERLINK("http://x")'}).raise_for_status()
    answer = admin.get(f"{EXPORTS}/{kind}", params={"format": format, "limit": 1}).raise_for_status()
    rows = files.read(answer.content)
    assert len(rows) == 2
    assert answer.headers["last-record"] == rows[1][0]
    rest = admin.get(f"{EXPORTS}/{kind}", params={"format": format, "after": rows[1][0]}).raise_for_status()
    assert len(files.read(rest.content)) == 1
    if format == "csv":
        assert not any(cell.startswith("=") for row in rows for cell in row)
    template = admin.get(f"{IMPORTS}/{kind}/template", headers={"Accept-Language": "zh-CN"}).raise_for_status()
    assert send(admin, kind, template.content)["rows"] == 0


def test_exporting_customers_is_the_managers_and_is_logged(
    admin: httpx.Client, hub: RunningHub, make_key: MakeKey
) -> None:
    send(admin, "customers", CUSTOMERS)
    with hub.client(make_key("counter")) as counter:
        assert counter.get(f"{EXPORTS}/customers").status_code == 403
        assert counter.get(f"{EXPORTS}/devices").status_code == 200
    with hub.client(make_key("technician")) as technician:
        assert technician.post(f"{IMPORTS}/customers", content=b"name\n").status_code == 403
    admin.get(f"{EXPORTS}/customers").raise_for_status()
    accesses = admin.get("/api/v1/customers/C-000001/accesses").json()
    assert [one["kind"] for one in accesses] == ["customer.exported"]
