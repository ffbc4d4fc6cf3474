"""Times at the ends of the calendar are refused in words, not by a failure."""

import httpx
import pytest

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
