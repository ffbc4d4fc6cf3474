"""The roster and intakes as tests fill them, through the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from hub.core.database import Database
from hub.fleet import service as fleet

REPAIR: dict[str, Any] = {
    "kind": "repair",
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "contact": {"name": "李雷", "phone": "13800000000"},
    "store": "north",
}
OF_NO_STORE = {**REPAIR, "store": None}
"""The same where a chain has no stores, or it does not matter which."""


class Roster:
    """Fills the roster through the API, as a supervisor would."""

    def __init__(self, client: httpx.Client, database: Database) -> None:
        self._client = client
        self._database = database
        self._people = 0

    def stores(self, *codes: str) -> None:
        for code in codes:
            self._client.post("/api/v1/stores", json={"code": code, "name": code}).raise_for_status()

    def bench(self, name: str, store: str | None = "north", group: str | None = "board", **values: Any) -> None:
        with self._database.write() as session:
            fleet.register(session, name)
        body = {"store": store, "skill_group": group, "capacity": 4, **values}
        self._client.put(f"/api/v1/workplaces/{name}", json=body).raise_for_status()

    def person(self, name: str, role: str = "technician", stores: list[str] | None = None, **skills: int) -> str:
        self._people += 1
        login = f"person-{self._people}"
        body = {"login": login, "name": name, "role": role, "stores": stores, "password": "long enough 1"}
        number: str = self._client.post("/api/v1/users", json=body).raise_for_status().json()["id"]
        for skill, level in skills.items():
            self.certify(number, skill, level)
        return number

    def certify(self, person: str, skill: str, level: int, valid_until: str | None = None) -> None:
        body = {"level": level, "valid_until": valid_until}
        self._client.put(f"/api/v1/certificates/{person}/{skill}", json=body).raise_for_status()

    def shift(self, bench: str, person: str, begins_in_h: float = -1, lasts_h: float = 8) -> str:
        start = datetime.now(UTC) + timedelta(hours=begins_in_h)
        body = {
            "bench": bench,
            "person": person,
            "starts_at": start.isoformat(),
            "ends_at": (start + timedelta(hours=lasts_h)).isoformat(),
        }
        number: str = self._client.post("/api/v1/shifts", json=body).raise_for_status().json()["id"]
        return number
