"""Every operation of the API against generated requests: no failure of the hub, and no answer that is not documented.

Requests are made by schemathesis from the OpenAPI document, fitting and not fitting, in the name of several roles, on
records that exist and that do not. 503 and 504 are answers where a broker or a bench is not there; they are documented.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
import schemathesis
from hub_running import MakeKey, RunningHub
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hub.core.database import Database
from hub.fleet import service as fleet
from hub.identity.permissions import Role

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
ROLES = (Role.ADMIN, Role.STAFF, Role.TECHNICIAN, Role.BENCH, None)
"""``None``: nobody."""
BODY = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "插座冒烟了",
    "contact": {"name": "李雷", "phone": "+86 138 0000 0000"},
    "waited_s": 1,
}


class Tried:
    """A hub with one record of each sort, and what was found wrong with its answers."""

    def __init__(
        self,
        hub: RunningHub,
        session: requests.Session,
        keys: dict[Role | None, dict[str, str]],
        records: dict[str, Any],
    ) -> None:
        self.hub, self.session, self.keys, self.records = hub, session, keys, records
        self.wrong: list[str] = []
        self.statuses: dict[int, int] = {}

    def send(self, case: Case, role: Role | None, language: str) -> None:
        request = case.as_transport_kwargs(base_url=self.hub.url)
        kept = {name: value for name, value in request["headers"].items() if name.lower() != "authorization"}
        request["headers"] = {**kept, "Accept-Language": language, **self.keys[role]}
        answer = self.session.request(**request, timeout=20)
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        if answer.status_code == 500 or answer.status_code in {501, 502}:
            self.wrong.append(f"{case.method} {case.operation.path} as {role}: failed: {case.as_curl_command()}")
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseExceptionGroup as found:
            self._note(case, role, answer, found)
        if (
            answer.content
            and answer.status_code >= 400
            and language == "zh-CN"
            and answer.headers.get("Content-Type", "").startswith("application/problem")
        ):
            self._read(case, answer.json())

    def _note(self, case: Case, role: Role | None, answer: Any, found: BaseExceptionGroup[Any]) -> None:
        said = "; ".join(
            str(one).split("\n")[0] + " " + " ".join(str(one).split("\n")[1:4]) for one in found.exceptions
        )
        body = case.body if isinstance(case.body, dict) else ""
        self.wrong.append(
            f"{case.method} {case.operation.path} as {role}: {answer.status_code}: {said[:300]}\n"
            f"    {case.path_parameters} {case.query} {str(body)[:300]}\n    {answer.content[:300]!r}"
        )

    def _read(self, case: Case, problem: dict[str, Any]) -> None:
        """Each sentence of a refusal is in the caller's language."""
        sentences = [problem["title"], problem["detail"], *(one["detail"] for one in problem.get("errors") or [])]
        for sentence in sentences:
            if not any("\u4e00" <= letter <= "\u9fff" for letter in sentence):
                self.wrong.append(f"{case.method} {case.operation.path}: not in Chinese: {sentence!r}")


@pytest.fixture
def tried(hub: RunningHub, make_key: MakeKey, database: Database) -> Iterator[Tried]:
    with database.write() as session:
        fleet.register(session, "bench-01")
    with ExitStack() as stack:
        requester = stack.enter_context(requests.Session())
        keys: dict[Role | None, dict[str, str]] = {None: {}}
        for role in ROLES:
            if role is not None:
                key = make_key(role, bench="bench-01" if role is Role.BENCH else None)
                keys[role] = {"Authorization": f"Bearer {key}"}
        admin = stack.enter_context(hub.client(make_key("admin")))
        records: dict[str, Any] = {
            "bench": "bench-01",
            "name": "standard",
            "number": 1,
            "version": 1,
            "sha256": "0f" * 32,
        }
        user = {"login": "li.lei", "name": "李雷", "role": "technician", "password": "long enough 1"}
        records["user"] = records["person"] = admin.post("/api/v1/users", json=user).raise_for_status().json()["id"]
        records["store"] = (
            admin.post("/api/v1/stores", json={"code": "north", "name": "北"}).raise_for_status().json()["code"]
        )
        for kind in ("complaint", "consultation", "repair"):
            body = {**BODY, "kind": kind}
            records["ticket"] = admin.post("/api/v1/tickets", json=body).raise_for_status().json()["id"]
        admin.put(f"/api/v1/tickets/{records['ticket']}/assignment", json={"bench": "bench-01"}).raise_for_status()
        article = {"product_line": "plug", "edition": {"texts": {"en": {"title": "t", "body": "b"}}}}
        records["article"] = admin.post("/api/v1/knowledge/articles", json=article).raise_for_status().json()["id"]
        yield Tried(hub, requester, keys, records)


def _try(tried: Tried, examples: int, number: int | None) -> None:
    schema = schemathesis.openapi.from_dict(tried.hub.app.openapi())
    for at, result in enumerate(schema.get_all_operations()):
        operation = result.ok()
        names = [one.name for one in operation.path_parameters]
        known = {name: tried.records[name] for name in names if name in tried.records}
        cases = [operation.as_strategy(GenerationMode.POSITIVE, path_parameters=known or None)]
        if operation.body or operation.query or operation.path_parameters:
            more = [operation.as_strategy(GenerationMode.NEGATIVE), operation.as_strategy(GenerationMode.POSITIVE)]
            cases += more if number is None else [more[at % 2]]

        for strategy in cases:
            roles = st.sampled_from(ROLES[:1] * 4 + ROLES)

            @given(case=strategy, role=roles, language=st.sampled_from(["zh-CN", "en"]))
            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                derandomize=number is not None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def send(case: Case, role: Role | None, language: str) -> None:
                tried.send(case, role, language)

            send()
    assert not tried.wrong, "\n".join(dict.fromkeys(tried.wrong))
    assert {200, 201, 401, 403, 404, 409, 422} <= tried.statuses.keys(), tried.statuses


@pytest.mark.any_database
@pytest.mark.timeout(300)
def test_generated_requests_in_short(tried: Tried) -> None:
    _try(tried, examples=2, number=1)


@pytest.mark.campaign
def test_generated_requests(tried: Tried) -> None:
    _try(tried, examples=60, number=None)
