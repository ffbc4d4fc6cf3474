"""E1: every instrument of a bench is unplugged, hangs, or is exchanged, and the rack finds it again by itself."""

import time
from pathlib import Path

import pytest
from waiting import wait_until

from drivers.errors import InstrumentError
from drivers.simulated.bench import SimulatedBench
from edge_agent.bench_config import load_bench_config
from edge_agent.rack import Rack, RackError, Timing

LISTENING = ("meter", "meter2", "handheld", "scope", "generator", "supply", "camera")
"""Instruments that can be asked who they are at any time; the console may be silent, the programmers disturb."""


@pytest.mark.parametrize("trouble", ["unplug", "hang", "wrong_identity"])
def test_every_instrument_recovers(tmp_path: Path, trouble: str) -> None:
    with SimulatedBench(directory=tmp_path / "bench") as bench:
        bench.write_bench_toml(tmp_path / "bench.toml")
        config = load_bench_config(tmp_path / "bench.toml")
        roles = [role for role in LISTENING if not (trouble == "wrong_identity" and role == "handheld")]
        chosen = {role: config.instruments[role] for role in roles}
        timing = Timing(open_s=1.5, quiet_s=1.0, backoff_s=(0.05, 0.3))
        with Rack(chosen, timing=timing) as rack, rack.leased(roles, "test") as leases:
            assert rack.wait_connected(20), rack.status()
            for role in roles:
                bench.misbehave(role, trouble)
            for role in roles:
                with pytest.raises((RackError, InstrumentError)):
                    rack.call(role, leases[role], lambda driver: driver.identify(), 0.5)
            wait_until(lambda: not any(one.healthy for one in rack.status()), "every instrument is known to be ill")
            assert all(one.fault for one in rack.status())
            for role in roles:
                bench.misbehave(role, trouble, on=False)
            assert rack.wait_connected(20), rack.status()
            for role in roles:
                assert rack.call(role, leases[role], lambda driver: driver.identify(), 5.0)


def test_programmers_are_left_alone_until_they_are_used(tmp_path: Path) -> None:
    with SimulatedBench(directory=tmp_path / "bench") as bench:
        bench.write_bench_toml(tmp_path / "bench.toml")
        config = load_bench_config(tmp_path / "bench.toml")
        chosen = {role: config.instruments[role] for role in ("supply", "mcu")}
        with Rack(chosen) as rack, rack.leased(chosen, "test") as leases:
            assert rack.wait_connected(20)
            rack.call("supply", leases["supply"], lambda s: s.configure(1, voltage_v=5.0, current_limit_a=0.3), 2.0)
            rack.call("supply", leases["supply"], lambda supply: supply.output(1, True), 2.0)
            time.sleep(1.0)
            boot = bench.device.boot_at(bench.device.now())
            assert boot is not None
            assert boot.reason == "power-on", "something has reset the device"
            assert rack.call("mcu", leases["mcu"], lambda mcu: mcu.chip(), 10.0).code == "0x0410"
            wait_until(lambda: not bench.device.state.rom_bootloader, "the port is given up: the device has started")
