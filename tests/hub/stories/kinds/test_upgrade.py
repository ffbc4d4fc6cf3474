"""Upgrade 升级 (T1, T4, D6): by somebody who can flash, tested before it goes back; and between two stores (S5)."""

import pytest
from kinds_chain import Chain

pytestmark = pytest.mark.any_database


def test_new_firmware_is_flashed_and_tested(chain: Chain) -> None:
    ticket = chain.takes_in(
        "upgrade", channel="web", device={"model": "SP-100", "serial": "SN-1"}, symptom="升级到 2.4 版固件"
    )
    assert chain.supervisor.get(f"{ticket}/dispatch").json()["skill"] == "firmware"
    chain.does(chain.technician, ticket, "taken")
    chain.does(chain.technician, ticket, "upgraded")
    assert chain.may_not(chain.technician, ticket, "handed_over") == "action-guarded"
    chain.bench_tests(ticket, "SN-1")
    chain.does(chain.technician, ticket, "handed_over")
    assert chain.does(chain.counter, ticket, "close")["state"] == "closed"


def test_a_device_that_needs_another_store_is_sent_there(chain: Chain) -> None:
    ticket = chain.takes_in(
        "upgrade", channel="web", device={"model": "SP-100", "serial": "SN-2"}, symptom="变砖，需编程器"
    )
    body = {"to_store": "south", "reason": "本店编程器送修"}
    chain.supervisor.post(f"{ticket}/transfer", json=body).raise_for_status()
    (place,) = chain.supervisor.get("/api/v1/device-locations").json()["items"]
    assert (place["store"], place["in_transit_to"], place["bench"]) == ("north", "south", None)
    chain.manager.post(f"{ticket}/transfer/receipt", json={}).raise_for_status()
    shown = chain.sees(ticket)
    assert (shown["store"], shown["state"]) == ("south", "new")
    (waiting,) = chain.supervisor.get("/api/v1/dispatch/queue").json()
    assert (
        waiting["others"][0]["because"] == "it is in store north; the rule reaches no farther than the store of south"
    )
