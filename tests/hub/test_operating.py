"""What operators see: figures, the log, and the bound on how often one caller may ask."""

import io
import json
import logging
import re
from collections.abc import Iterator

import httpx
import pytest
from hub_running import MakeKey, RunningHub

from hub.core.logs import JsonFormatter
from hub.core.rate_limit import MAX_CALLERS, Buckets
from hub.core.settings import Settings

pytestmark = pytest.mark.any_database

SECRET = "S3cret-5550199"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that the hub itself logs, as JSON lines; `hub serve` leaves uvicorn's own lines out."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("hub")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield text
    logger.removeHandler(handler)
    logger.setLevel(level)


def entries(log: io.StringIO, number: str) -> list[dict[str, object]]:
    return [entry for entry in map(json.loads, log.getvalue().splitlines()) if entry.get("request") == number]


class TestLog:
    def test_a_request_is_one_entry_with_its_number_and_nothing_personal(
        self, log: io.StringIO, staff: httpx.Client
    ) -> None:
        contact = {"name": SECRET, "phone": "+86 138 5550 1990"}
        new = {"device": {"model": "SP-100", "serial": SECRET}, "symptom": SECRET, "contact": contact}
        headers = {"X-Request-Id": "shop-4711"}
        answer = staff.post("/api/v1/tickets", json=new, headers=headers).raise_for_status()
        assert answer.headers["x-request-id"] == "shop-4711"
        (entry,) = entries(log, "shop-4711")
        assert (entry["method"], entry["route"], entry["status"]) == ("POST", "/api/v1/tickets", 201)
        staff.get(f"/api/v1/{SECRET}")
        staff.get(f"/api/v1/tickets/{SECRET}")
        assert staff.get("/api/v1/tickets", params={"serial": SECRET}).status_code == 200
        assert staff.get("/api/v1/tickets", params={"q": SECRET}).status_code == 422
        assert SECRET not in log.getvalue()
        assert staff.headers["authorization"].partition("_")[2] not in log.getvalue()

    def test_an_unfit_number_is_replaced(self, staff: httpx.Client) -> None:
        answer = staff.get("/healthz", headers={"X-Request-Id": "no spaces, please"})
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])

    def test_an_error_of_the_database_hides_its_values(self, database: object) -> None:
        assert database.engine.hide_parameters  # type: ignore[attr-defined]


class TestMetrics:
    def test_requests_are_counted_by_route_and_status(self, hub: RunningHub, make_key: MakeKey) -> None:
        with hub.client(make_key("fleet_admin")) as client:
            for _ in range(3):
                client.get("/api/v1/stores/nowhere")
            client.get("/nothing/here")
            text = client.get("/metrics").raise_for_status().text
        counted = {'method="GET"', 'route="/api/v1/stores/{store}"', 'status="404"'}
        line = next(
            one
            for one in text.splitlines()
            if one.startswith("benchwright_http_request_seconds_count") and all(part in one for part in counted)
        )
        assert line.endswith(" 3.0")
        assert 'route="(none)"' in text and "nothing" not in text
        assert "benchwright_ingest_workers_alive 0.0" in text

    def test_they_are_not_for_everybody(self, hub: RunningHub, staff: httpx.Client) -> None:
        assert staff.get("/metrics").status_code == 403
        with hub.client() as nobody:
            assert nobody.get("/metrics").status_code == 401


class TestRateLimit:
    def test_who_asks_too_often_waits_and_others_do_not(self, settings: Settings, make_key: MakeKey) -> None:
        few = settings.model_copy(update={"max_requests_a_minute": 5})
        with RunningHub(few, ingest_workers=0) as hub, hub.client(make_key("staff")) as client:
            assert [client.get("/api/v1/me").status_code for _ in range(6)] == [200] * 5 + [429]
            refused = client.get("/api/v1/me", headers={"Accept-Language": "zh-CN"})
            assert 1 <= int(refused.headers["retry-after"]) <= 12
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.json()["type"].endswith(":too-many-requests") and "秒" in refused.json()["detail"]
            assert client.get("/healthz").status_code == 200
            with hub.client(make_key("staff")) as another:
                assert another.get("/api/v1/me").status_code == 200

    def test_random_keys_are_one_caller(self, settings: Settings, make_key: MakeKey) -> None:
        few = settings.model_copy(update={"max_requests_a_minute": 5})
        with RunningHub(few, ingest_workers=0) as hub, hub.client(make_key("staff")) as known, hub.client() as nobody:
            assert known.get("/api/v1/me").status_code == 200
            codes = [
                nobody.get(path, headers={"Authorization": f"Bearer bw_{number}"}).status_code
                for path in ("/api/v1/me", "/openapi.json")
                for number in range(4)
            ]
            assert codes[0] == 401 and codes[-1] == 429
            login = {"login": "nobody", "password": "wrong password"}
            headers = {"Authorization": "Bearer fresh"}
            assert nobody.post("/api/v1/sessions", json=login, headers=headers).status_code == 429
            assert known.get("/api/v1/me").status_code == 200, "a proven key has a bucket of its own"

    def test_tokens_come_back_evenly(self) -> None:
        at = [0.0]
        buckets = Buckets(60, lambda: at[0])
        assert [buckets.take(b"a") for _ in range(60)] == [0.0] * 60
        assert buckets.take(b"a") == pytest.approx(1.0)
        at[0] = 0.5
        assert buckets.take(b"a") == pytest.approx(0.5)
        at[0] = 2.0
        assert [buckets.take(b"a") for _ in range(2)] == [0.0, 0.0]
        assert buckets.take(b"a") > 0

    def test_memory_is_bounded(self) -> None:
        buckets = Buckets(60)
        for number in range(MAX_CALLERS + 50):
            buckets.take(str(number).encode())
        assert len(buckets._buckets) == MAX_CALLERS
