"""Discovery through the agent's local API (E1, E4): findings stream in; an adopted instrument works at once."""

from contextlib import contextmanager

import pytest
from waiting import wait_until

from drivers.simulated.bench import SimulatedBench
from edge_agent.agent import Agent, AgentOptions
from edge_agent.bench_config import BenchConfigError, load_bench_config
from edge_agent.bench_file import BenchFile, replace_table
from edge_agent.local_api import events, manual
from edge_agent.local_api.client import AgentError, SyncAgentClient
from edge_agent.local_api.requests import (
    AcquireLease,
    Adopt,
    CancelDiscovery,
    Discover,
    GetDiscovery,
    GetInstruments,
    Operate,
    Subscribe,
)

BENCH = """# The bench at the window.
[bench]
name = "bench-01"

[instruments.supply]  # borrowed
profile = "riden-rd6006"
address = "%s"
"""


@contextmanager
def agent_at(folder, text):
    path = folder / "bench.toml"
    path.write_text(text)
    agent = Agent(load_bench_config(path), AgentOptions(folder / "state", bench_file=path))
    agent.start()
    try:
        with SyncAgentClient(folder / "state" / "agent.sock") as client:
            yield client, path
    finally:
        agent.stop()


def ended(client):
    for event in client.events(30):
        if isinstance(event, events.DiscoveryEnded):
            return event.state
    raise AssertionError("the search did not end")


def test_what_is_found_can_be_adopted_and_used_at_once(tmp_path):
    with SimulatedBench() as bench:
        supply = bench.instruments["supply"][1]
        meter = bench.instruments["meter"][1]
        bench.connect("meter", "TP_5V")
        with agent_at(tmp_path, BENCH % supply) as (client, path):
            client.request(Subscribe(streams=("discovery",)))
            assert client.request(GetDiscovery()) is None
            host = ":".join(meter.split("::")[1:3])
            begun = client.request(Discover((), ports=(str(bench.directory / "supply"),), hosts=(host,)))
            assert begun.status == "running"
            state = ended(client)
            assert state == client.request(GetDiscovery())
            assert (state.id, state.status, state.fraction) == (begun.id, "finished", 1.0)
            found = {one.address: one for one in state.findings}
            assert {one.in_use for one in state.findings} == {"supply", None}
            best = found[meter].candidates[0]
            assert (best.profile, best.kind, best.role, best.confidence) == (
                "keysight-34461a",
                "multimeter",
                "meter",
                1,
            )
            assert best.title["zh-CN"]
            assert best.toml == found[meter].toml
            assert best.toml in state.toml

            adopted = client.request(Adopt(best.role, best.profile, best.address))
            assert adopted.saved == str(path)
            assert path.read_text().startswith(BENCH % supply)
            assert load_bench_config(path).instruments["meter"].address == meter
            wait_until(lambda: all(one.status.healthy for one in client.request(GetInstruments())), "all are healthy")
            lease = client.request(AcquireLease("meter", "li"))
            (value,) = client.request(Operate(lease.token, manual.ReadMeter(function="dc_voltage")))
            assert abs(value.value) < 6

            for changes, reason in (
                ({"role": "meter"}, "has an instrument already"),
                ({"role": "meter", "replace": True}, "is in use by li"),
                ({"role": "scope", "profile": "none"}, "no driver profile 'none'"),
                ({"role": "scope", "address": "there"}, "no instrument address"),
            ):
                given = {"profile": best.profile, "address": best.address, **changes}
                with pytest.raises(AgentError, match=reason):
                    client.request(Adopt(**given))
            assert "scope" not in path.read_text()

            second = bench.instruments["meter2"][1]
            client.request(Adopt("supply", "owon-xdm1041", second, replace=True))
            text = path.read_text()
            assert "# The bench at the window." in text
            assert text.count("[instruments.supply]") == 1
            assert "riden" not in text

            def replaced():
                status = client.request(GetInstruments())[0].status
                return status.healthy and status.profile == "owon-xdm1041"

            wait_until(replaced, "the new instrument is there")


def test_a_search_can_be_cancelled_and_only_one_runs_at_a_time(tmp_path):
    with SimulatedBench() as bench, agent_at(tmp_path, '[bench]\nname = "b"\n') as (client, _):
        client.request(Subscribe(streams=("discovery",)))
        client.request(Discover((), ports=(str(bench.directory / "mcu"),)))
        with pytest.raises(AgentError, match="a search is in progress"):
            client.request(Discover(()))
        client.request(CancelDiscovery())
        assert ended(client).status == "cancelled"
        with pytest.raises(AgentError, match="is no host"):
            client.request(Discover((), hosts=("a b",)))


def test_tables_are_replaced_where_they_stand():
    head, tail = '[bench]\nname = "b"\n\n', '\n[hub]\nmqtt = "mqtt://h"\n'
    text = head + '[instruments."meter"]\nprofile = "a"\n[instruments.meter.options]\nbaud = 1\n' + tail
    changed = replace_table(text, "meter", '[instruments.meter]\nprofile = "z"\n')
    assert changed == head + '[instruments.meter]\nprofile = "z"\n' + tail
    assert replace_table("a = 1", "m", "[instruments.m]\n") == "a = 1\n\n[instruments.m]\n"
    assert replace_table(text, "met", "[instruments.met]\n").startswith(text)


def test_a_file_that_a_person_broke_is_not_made_worse(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text("[bench\n")
    with pytest.raises(BenchConfigError, match="not valid TOML"):
        BenchFile(path).put_instrument("meter", "[instruments.meter]\n")
    assert path.read_text() == "[bench\n"
    with pytest.raises(BenchConfigError, match="cannot be read"):
        BenchFile(tmp_path / "none.toml").put_instrument("meter", "")
