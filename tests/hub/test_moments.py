"""Times at the ends of the calendar are refused in words, not by a failure."""

import json
from typing import Any

import httpx
import pytest

from hub.core.problems import Problem
from hub.tickets.actions import DETAILS, checked

ENDS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")


@pytest.mark.any_database
@pytest.mark.parametrize("moment", ENDS)
def test_moments_that_cannot_be_reckoned_with(admin: httpx.Client, moment: str) -> None:
    for path in ("/staff/figures", "/consultations/figures", "/appointments"):
        answer = admin.get(f"/api/v1{path}", params={"since": moment}, headers={"Accept-Language": "zh-CN"})
        assert (answer.status_code, answer.json()["errors"][0]["query"]) == (422, "since"), path
        assert answer.json()["errors"][0]["detail"].startswith("时间范围")
    shift = {"bench": "b", "person": "U-000001", "starts_at": moment, "ends_at": moment}
    assert admin.post("/api/v1/shifts", json=shift).status_code == 422
    device = {"model": "M", "serial": "S", "bought_on": moment[:10], "inspect_every_days": 3660}
    assert admin.post("/api/v1/devices", json=device).status_code == 422


@pytest.mark.any_database
@pytest.mark.parametrize("moment", ENDS)
def test_no_query_takes_a_moment_that_cannot_be_reckoned_with(admin: httpx.Client, moment: str) -> None:
    paths: dict[str, Any] = admin.get("/openapi.json").raise_for_status().json()["paths"]
    asked = [
        (path, parameter["name"])
        for path, methods in paths.items()
        for parameter in methods.get("get", {}).get("parameters", [])
        if parameter["in"] == "query" and '"date-time"' in json.dumps(parameter["schema"])
    ]
    assert len(asked) > 20
    for path, name in asked:
        answer = admin.get(path.replace("{", "").replace("}", ""), params={name: moment})
        assert answer.status_code == 422, (path, name, answer.text)


@pytest.mark.parametrize("moment", ENDS)
def test_no_action_takes_one(moment: str) -> None:
    places = [
        (action, name)
        for action, details in DETAILS.items()
        for name, schema in details.model_json_schema()["properties"].items()
        if '"date-time"' in json.dumps(schema)
    ]
    assert {"promised_at", "valid_until", "until", "said_at", "appointment_at"} <= {name for _, name in places}
    for action, name in places:
        with pytest.raises(Problem) as refused:
            checked(action, {name: moment})
        errors = {error.where: error for error in refused.value.errors}
        assert "2000" in errors[f"#/details/{name}"].words["en"], (action, name)
