"""E1: the rack keeps its promises on real sockets, whatever the instrument does."""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lateness import ends_within
from scripted_instrument import ScriptedInstrument
from waiting import PATIENCE_S, wait_until

from drivers.capabilities import MeterFunction, Multimeter
from drivers.errors import OutOfRange
from drivers.guard import Guard
from edge_agent.bench_config import InstrumentConfig
from edge_agent.rack import (
    CallCancelled,
    CallTimeout,
    Cancellation,
    InstrumentUnavailable,
    LeaseRefused,
    Rack,
    Timing,
    UnknownRole,
)
from protocols.messages.records import InventoryChanged

QUICK = Timing(open_s=1.0, quiet_s=0.3, backoff_s=(0.05, 0.2), recheck_s=30.0)


@pytest.fixture
def meter() -> Iterator[ScriptedInstrument]:
    with ScriptedInstrument() as instrument:
        yield instrument


@pytest.fixture
def rack(meter: ScriptedInstrument) -> Iterator[Rack]:
    with Rack({"meter": InstrumentConfig("keysight-34461a", meter.address)}, timing=QUICK) as rack:
        assert rack.wait_connected(20)
        yield rack


def read(driver: Multimeter) -> float:
    return driver.read(MeterFunction.DC_VOLTAGE).quantity.value


def only_identity(lines: list[str]) -> bool:
    return all(line in ("", "*IDN?") for line in lines)


def test_a_call_returns_the_reading_and_the_identity_is_known(rack: Rack, meter: ScriptedInstrument) -> None:
    lease = rack.acquire("meter", "test")
    assert rack.call("meter", lease, read, 2.0) == pytest.approx(3.3)
    (status,) = rack.status()
    assert status.healthy
    assert status.identity == meter.identity


def test_a_step_of_half_a_second_ends_within_0_6_s_on_a_hung_instrument(rack: Rack, meter: ScriptedInstrument) -> None:
    lease = rack.acquire("meter", "test")
    meter.hung = True
    with ends_within(0.6), pytest.raises(CallTimeout, match=r"meter did not finish within 0\.5 s"):
        rack.call("meter", lease, read, 0.5)
    ended = time.monotonic()
    time.sleep(0.6)
    assert only_identity(meter.lines(since=ended)), "something of the cancelled call was sent after its end"


def test_a_call_of_many_exchanges_sends_nothing_after_its_deadline(rack: Rack, meter: ScriptedInstrument) -> None:
    lease = rack.acquire("meter", "test")
    meter.delay_s = 0.02

    def for_ever(driver: Multimeter) -> None:
        while True:
            read(driver)

    with pytest.raises(CallTimeout):
        rack.call("meter", lease, for_ever, 0.3)
    ended = time.monotonic()
    time.sleep(0.3)
    assert only_identity(meter.lines(since=ended + 0.1))
    assert rack.call("meter", lease, read, 2.0) == pytest.approx(3.3), "the instrument is usable at once"


def test_cancel_from_another_thread_ends_a_call_at_once(rack: Rack, meter: ScriptedInstrument) -> None:
    lease = rack.acquire("meter", "test")
    meter.hung = True
    cancellation = Cancellation()
    threading.Timer(0.2, cancellation.cancel, ("stopped by the operator",)).start()
    with ends_within(0.4), pytest.raises(CallCancelled, match="stopped by the operator"):
        rack.call("meter", lease, read, 10.0, cancellation)
    with pytest.raises(CallCancelled):
        rack.call("meter", lease, read, 10.0, cancellation)


def test_a_call_cancelled_while_it_waits_never_begins(rack: Rack, meter: ScriptedInstrument) -> None:
    lease = rack.acquire("meter", "test")
    meter.delay_s = 0.3
    ran = []
    first = rack.submit("meter", lease, read, 2.0)
    second = rack.submit("meter", lease, ran.append, 2.0)
    second.cancel("not wanted any more")
    assert first.result() == pytest.approx(3.3)
    assert rack.call("meter", lease, read, 2.0) == pytest.approx(3.3)
    assert ran == []


def test_a_late_answer_is_never_taken_for_the_next_one(rack: Rack, meter: ScriptedInstrument) -> None:
    lease = rack.acquire("meter", "test")
    meter.delay_s = 0.4
    meter.value = 1.0
    with pytest.raises(CallTimeout):
        rack.call("meter", lease, read, 0.2)
    meter.value, meter.delay_s = 2.0, 0.0
    assert rack.call("meter", lease, read, 2.0) == pytest.approx(2.0)


@pytest.mark.parametrize("trouble", ["unplugged", "hung", "another instrument"])
def test_trouble_is_a_state_with_words_and_the_rack_recovers_by_itself(
    rack: Rack, meter: ScriptedInstrument, trouble: str
) -> None:
    seen: list[InventoryChanged] = []
    rack.subscribe(seen.append)
    lease = rack.acquire("meter", "test", ttl_s=None)
    if trouble == "unplugged":
        meter.unplug()
    elif trouble == "hung":
        meter.hung = True
    else:
        meter.unplug()
        meter.identity = "RIGOL TECHNOLOGIES,DM3058,1,1"
        meter.plug()
    with pytest.raises(Exception, match=r"meter|keysight"):
        rack.call("meter", lease, read, 0.5)
    wait_until(lambda: not rack.status()[0].healthy, "the meter is known to be ill")
    fault = rack.status()[0].fault
    assert fault
    assert "keysight-34461a" in fault or "meter" in fault
    if trouble != "hung":
        with pytest.raises(InstrumentUnavailable, match="meter is not available"):
            rack.call("meter", lease, read, 1.5)
    if trouble == "unplugged":
        meter.plug()
    meter.hung, meter.identity = False, "Keysight Technologies,34461A,MY00000001,A.03.03"
    assert rack.wait_connected(20)
    assert rack.call("meter", lease, read, 2.0) == pytest.approx(3.3)
    assert [body.instruments[0].healthy for body in seen] == [False, True][-len(seen) :] or len(seen) >= 2


def test_an_instrument_that_comes_later_is_found(meter: ScriptedInstrument) -> None:
    meter.unplug()
    with Rack({"meter": InstrumentConfig("keysight-34461a", meter.address)}, timing=QUICK) as rack:
        wait_until(lambda: "cannot be reached" in (rack.status()[0].fault or ""), "the meter is missed")
        meter.plug()
        assert rack.wait_connected(20)


def test_an_unknown_profile_is_a_state_with_words_too() -> None:
    with Rack({"meter": InstrumentConfig("keysight-0", "TCPIP::127.0.0.1::1::SOCKET")}, timing=QUICK) as rack:
        wait_until(lambda: "keysight-0" in (rack.status()[0].fault or ""), "the wrong meter is noticed")


def test_a_drivers_refusal_leaves_the_connection_alone(rack: Rack) -> None:
    lease = rack.acquire("meter", "test")
    with pytest.raises(OutOfRange):
        rack.call("meter", lease, lambda driver: driver.read(MeterFunction.DC_VOLTAGE, 5e6), 1.0)
    assert rack.status()[0].healthy
    assert rack.call("meter", lease, read, 2.0) == pytest.approx(3.3)


def test_one_holder_at_a_time(rack: Rack) -> None:
    lease = rack.acquire("meter", "Li Wei")
    with pytest.raises(LeaseRefused, match="meter is controlled by Li Wei"):
        rack.acquire("meter", "plan runner")
    assert rack.holder("meter") == "Li Wei"
    rack.release(lease)
    with rack.leased(["meter"], "plan runner") as leases, pytest.raises(LeaseRefused, match="now controlled by plan"):
        rack.call("meter", lease, read, 1.0)
    assert rack.holder("meter") is None
    with pytest.raises(LeaseRefused, match="over"):
        rack.call("meter", leases["meter"], read, 1.0)


def test_a_lease_expires_unless_it_is_used_or_renewed(rack: Rack, meter: ScriptedInstrument) -> None:
    lease = rack.acquire("meter", "gone home", ttl_s=0.3)
    meter.delay_s = 0.5
    rack.call("meter", lease, read, 2.0)
    rack.renew(lease)
    wait_until(lambda: rack.holder("meter") is None, "the lease has ended")
    other = rack.acquire("meter", "next")
    rack.release(lease)
    assert rack.holder("meter") == "next"
    assert rack.call("meter", other, read, 2.0) == pytest.approx(3.3)


def test_an_unknown_role_names_those_that_exist(rack: Rack) -> None:
    with pytest.raises(UnknownRole, match=r"no instrument in the role 'scope' \(it has meter\)"):
        rack.acquire("scope", "test")


class Deaf(Multimeter):
    """A driver with a bug: it does not look at its guard while it waits."""

    released = threading.Event()

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.closed = threading.Event()

    def identify(self) -> str:
        return "deaf"

    def functions(self) -> frozenset[MeterFunction]:
        return frozenset()

    def read(self, function: MeterFunction, range_value: float | None = None) -> Any:
        self.released.wait(20)
        with self.guard.sending():
            raise AssertionError("a write after the deadline passed the guard")

    def close(self) -> None:
        self.closed.set()


def test_a_worker_that_does_not_come_back_is_replaced_and_teardown_waits_for_that() -> None:
    opened: list[Deaf] = []

    def opener(profile: str, address: str, guard: Guard | None = None, **_: Any) -> Deaf:
        opened.append(Deaf(guard or Guard()))
        return opened[-1]

    with Rack({"meter": InstrumentConfig("deaf", "nowhere")}, opener=opener, timing=QUICK) as rack:
        lease = rack.acquire("meter", "test")
        started = time.monotonic()
        with ends_within(0.3), pytest.raises(CallTimeout):
            rack.call("meter", lease, read, 0.2)
        assert rack.safe_state({"meter": lease}, 2.0) == {}
        assert time.monotonic() - started >= 0.2 + QUICK.quiet_s - 0.05, "it ran while the old call was under way"
        assert opened[0].closed.wait(PATIENCE_S)
        assert len(opened) == 2
        Deaf.released.set()


def test_close_never_hangs_on_a_stuck_driver() -> None:
    Deaf.released.clear()
    rack = Rack(
        {"meter": InstrumentConfig("deaf", "nowhere")},
        opener=lambda *_, guard=None, **__: Deaf(guard or Guard()),
        timing=Timing(quiet_s=60),
    )
    lease = rack.acquire("meter", "test")
    call = rack.submit("meter", lease, read, 60.0)
    wait_until(lambda: call.running, "the call has begun")
    with ends_within(4):
        rack.close()
        rack.close()
    with pytest.raises(CallCancelled, match="shutting down"):
        call.result()
    with pytest.raises(InstrumentUnavailable, match="shutting down"):
        rack.call("meter", lease, read, 1.0)
    Deaf.released.set()


def test_under_random_deadlines_no_line_of_a_call_follows_its_end(meter: ScriptedInstrument) -> None:
    """Several clients, random deadlines and cancels: each call's own lines end with it."""
    meter.delay_s = 0.01
    ends: dict[str, float] = {}

    def numbered(name: str) -> Callable[[Any], None]:
        def function(driver: Any) -> None:
            for turn in range(40):
                driver.link.stream.write(f"CALL {name} {turn}\n".encode())
                read(driver)

        return function

    with Rack({"meter": InstrumentConfig("keysight-34461a", meter.address)}, timing=QUICK) as rack:
        assert rack.wait_connected(20)
        lease = rack.acquire("meter", "test", ttl_s=None)

        def client(index: int) -> None:
            for turn in range(8):
                name = f"{index}-{turn}"
                with contextlib.suppress(CallTimeout, CallCancelled, InstrumentUnavailable):
                    rack.call("meter", lease, numbered(name), 0.01 + 0.037 * ((index * 7 + turn * 3) % 11))
                ends[name] = time.monotonic()

        threads = [threading.Thread(target=client, args=(index,)) for index in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert rack.call("meter", lease, read, 3.0) == pytest.approx(3.3)
    calls = [heard for heard in meter.heard if heard.text.startswith("CALL")]
    assert len(ends) == 24
    assert len(calls) > 20
    late = [heard.text for heard in calls if heard.at > ends[heard.text.split()[1]] + 0.2]
    assert late == []
    order = [heard.text.split()[1] for heard in calls]
    assert sum(a != b for a, b in itertools.pairwise(order)) == len(set(order)) - 1, "calls overlapped"


class Plain:
    """An instrument of which nothing but its identity matters."""

    def __init__(self, guard: Guard, identify: Callable[[], str]) -> None:
        self.guard = guard
        self.identify = identify

    def safe_state(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_safe_state_of_the_whole_bench_does_not_open_a_programmer_which_would_reset_the_device() -> None:
    opened: list[str] = []

    def opener(profile: str, address: str, guard: Guard | None = None, **_: Any) -> Any:
        opened.append(profile)
        return Plain(guard or Guard(), lambda: "somebody")

    instruments = {
        "mcu": InstrumentConfig("stm32flash", "stm32flash:/dev/null"),
        "meter": InstrumentConfig("keysight-34461a", "TCPIP::127.0.0.1::1::SOCKET"),
    }
    with Rack(instruments, opener=opener, timing=QUICK) as rack, rack.leased(rack.roles, "agent start") as leases:
        assert rack.wait_connected(20)
        assert rack.safe_state(leases) == {}
        assert opened == ["keysight-34461a"]


def test_a_defect_in_a_driver_found_by_a_recheck_does_not_leave_the_instrument_without_a_worker() -> None:
    answers = iter(["first", ValueError("a defect"), "second", "third", "fourth"])

    def identify() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def opener(profile: str, address: str, guard: Guard | None = None, **_: Any) -> Any:
        return Plain(guard or Guard(), identify)

    config = InstrumentConfig("keysight-34461a", "TCPIP::127.0.0.1::1::SOCKET")
    with Rack({"meter": config}, opener=opener, timing=Timing(recheck_s=0.05)) as rack:
        assert rack.wait_connected(20)
        time.sleep(0.1)  # longer than an instrument is used without being asked again who it is
        lease = rack.acquire("meter", "test")
        assert rack.call("meter", lease, lambda _: 1, 5.0) == 1
        assert rack.status()[0].identity == "second"
