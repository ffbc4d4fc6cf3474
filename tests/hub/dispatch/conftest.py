"""Two stores with benches, people with certificates, and who works now."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from desk_roster import REPAIR, Roster

from hub.core.database import Database


@pytest.fixture
def roster(admin: httpx.Client, database: Database) -> Roster:
    roster = Roster(admin, database)
    roster.stores("north", "south")
    return roster


@pytest.fixture
def take_in(admin: httpx.Client, roster: Roster) -> Callable[..., dict[str, Any]]:
    """Take in a repair at one of the roster's stores and return the ticket."""

    def create(**values: Any) -> dict[str, Any]:
        found: dict[str, Any] = admin.post("/api/v1/tickets", json={**REPAIR, **values}).raise_for_status().json()
        return found

    return create
