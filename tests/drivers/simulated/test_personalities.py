"""Every profile that can be played: its driver against its personality, and each declared command heard (E1)."""

import contextlib
import math
import random
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.capabilities import (
    ChannelSetup,
    Coupling,
    ElectronicLoad,
    FirmwareProgrammer,
    Instrument,
    MeterFunction,
    Multimeter,
    Oscilloscope,
    PowerSupply,
    Scanner,
    SerialConsole,
    SignalGenerator,
    Slope,
    ThermalCamera,
    TriggerSetup,
    Wave,
)
from drivers.errors import InstrumentError, Misconfigured, OutOfRange
from drivers.registry import open_instrument, profiles
from drivers.scpi.model import ScpiProfile
from drivers.scpi.oscilloscope_model import ScpiOscilloscopeProfile
from drivers.serial_meter_model import SerialMeterProfile
from drivers.simulated.device import Device
from drivers.simulated.endpoints import TcpEndpoint
from drivers.simulated.mlx90640 import EMISSIVITY
from drivers.simulated.modbus_server import Refused
from drivers.simulated.personality import PlayedBench, playable
from drivers.simulated.personality.base import ScpiPersonality, text_matching
from drivers.simulated.personality.modbus import ModbusSupplyPersonality
from drivers.simulated.personality.play import Personality, play, serve
from drivers.simulated.personality.serial_meter import SerialMeterPersonality
from drivers.simulated.rails import Feed
from drivers.simulated.wiring import Wiring
from protocols.scpi import parse_error
from protocols.scpi_program import parse_message

NAMES = playable()
SCPI = [name for name in NAMES if isinstance(profiles()[name], ScpiProfile)]
METERS = [name for name in NAMES if isinstance(profiles()[name], SerialMeterProfile)]


@contextmanager
def bench(name: str) -> Iterator[tuple[Instrument, Personality, Wiring]]:
    """Give a driver that is connected to the personality of its own profile, and the wires."""
    device = Device(seed=1)
    device.power(Feed(5.0, 0.5, True))
    wiring = Wiring(device)
    with tempfile.TemporaryDirectory() as folder:
        player, endpoint, address = serve(name, wiring, "it", Path(folder))
        endpoint.start()
        try:
            if isinstance(endpoint, TcpEndpoint):
                address = address.replace("{port}", str(endpoint.port))
            instrument = open_instrument(name, address, settle_s=0.0)
            try:
                yield instrument, player, wiring
            finally:
                instrument.close()
        finally:
            endpoint.stop()


def use_multimeter(meter: Multimeter, wiring: Wiring) -> None:
    for function in sorted(meter.functions()):
        point = {"frequency": "TP_XTAL", "period": "TP_XTAL", "capacitance": "open"}.get(function, "TP_5V")
        wiring.connect("it", point)
        model = meter.profile.functions[function]  # type: ignore[attr-defined]
        if model.auto is None and len(model.ranges) > 1 and any(one.argument for one in model.ranges):
            reading = meter.read(function, model.ranges[-1].full_scale)
        else:
            reading = meter.read(function)
        if function == MeterFunction.DC_VOLTAGE:
            assert reading.quantity.value == pytest.approx(5.0, rel=0.02)
        if function == MeterFunction.FREQUENCY:
            assert reading.quantity.value == pytest.approx(8e6, rel=0.01)
        for one in model.ranges if model.auto is not None else ():
            if one.argument:
                meter.read(function, one.full_scale)
    with pytest.raises(OutOfRange):
        meter.read(MeterFunction.DC_VOLTAGE, 12345.0)


def use_generator(generator: SignalGenerator, wiring: Wiring) -> None:
    for wave in generator.profile.waves:  # type: ignore[attr-defined]
        generator.configure(1, wave, frequency_hz=1000.0, amplitude_vpp=2.0, offset_v=0.5)
    generator.configure(1, Wave.SINE, frequency_hz=1000.0, amplitude_vpp=2.0, offset_v=0.5)
    generator.output(1, on=True)
    times = np.arange(1000) / 1e6
    volts = wiring.sources["IT1"].voltage(times)
    assert volts.max() == pytest.approx(1.5, abs=1e-3)
    assert volts.min() == pytest.approx(-0.5, abs=1e-3)
    generator.safe_state()
    assert not wiring.sources["IT1"].voltage(times).any()


def use_supply(supply: PowerSupply, wiring: Wiring) -> None:
    supply.configure(1, voltage_v=5.0, current_limit_a=0.5)
    supply.output(1, on=True)
    reading = supply.read(1)
    assert reading.output_on
    assert reading.voltage.value == pytest.approx(5.0, rel=0.02)
    assert reading.current.value > 0.005
    supply.configure(1, voltage_v=5.0, current_limit_a=0.01)
    assert supply.read(1).current_limited
    supply.safe_state()
    assert not supply.read(1).output_on
    assert not wiring.device.state.feed.on


def use_load(load: ElectronicLoad, wiring: Wiring) -> None:
    # Volts and amperes are measured one after the other: the relay must not move the rail between them.
    moment = wiring.device._clock()
    wiring.device._clock = lambda: moment
    levels = {"constant_current": 1.0, "constant_voltage": 4.0, "constant_resistance": 10.0, "constant_power": 5.0}
    for mode in load.modes():
        load.configure(mode, levels[mode])
        load.input(on=True)
        reading = load.read()
        volts, amperes = reading.voltage.value, reading.current.value
        expected = {
            "constant_current": amperes, "constant_voltage": volts, "constant_resistance": volts / amperes,
            "constant_power": volts * amperes,
        }[mode]  # fmt: skip
        assert expected == pytest.approx(levels[mode], rel=1e-3)
        assert reading.power.value == pytest.approx(volts * amperes, rel=1e-3)
    load.safe_state()
    assert load.read().current.value == 0.0


def use_oscilloscope(scope: Oscilloscope, wiring: Wiring) -> None:
    profile = scope.profile  # type: ignore[attr-defined]
    depths = profile.depths_for(1)
    setup = ChannelSetup(1, 1.0, offset_v=-2.0, probe_ratio=10.0, coupling=Coupling.DC)
    (wave,) = scope.capture([setup], span_s=1e-3, points=depths[0] if depths else None)
    values = wave.values()
    assert values.mean() == pytest.approx(wiring.device.voltage("TP_3V3", np.array([wiring.device.now()]))[0], abs=0.1)
    assert wave.times_s()[0] == pytest.approx(-wave.sample_interval_s * values.size / 2, rel=1e-6)
    # A clock of 8 MHz on another channel, with an edge trigger: the level is crossed at time zero.
    wiring.connect("it", "TP_XTAL")
    setup = ChannelSetup(1, 1.0, offset_v=-1.6, probe_ratio=10.0, bandwidth_limit=False)
    (wave,) = scope.capture([setup], span_s=1e-6, trigger=TriggerSetup(1, 1.5, Slope.FALLING))
    middle = round(-wave.start_s / wave.sample_interval_s)
    around = wave.values()[middle - 40 : middle + 41]
    assert around[:20].mean() > 1.5 > around[-20:].mean()
    scope.safe_state()


USES = {
    "multimeter": use_multimeter,
    "signal_generator": use_generator,
    "power_supply": use_supply,
    "electronic_load": use_load,
    "oscilloscope": use_oscilloscope,
}
NEVER_HEARD = {
    "stop": "sent when a trigger does not come",
    "force_trigger": "sent when a record waits without a trigger",
}


@pytest.mark.parametrize("name", SCPI)
def test_the_driver_and_the_personality_of_a_profile_agree_on_every_command(name: str) -> None:
    with bench(name) as (instrument, player, wiring):
        assert isinstance(player, ScpiPersonality)
        assert instrument.identify() == player.profile.identity.example
        USES[player.profile.capability](instrument, wiring)
        assert len(player.errors) == 0
        # What is the same message as another command, or a case of it (OUTP CH1,OFF), is heard as that.
        general = {command for command in player.profile.commands if not _is_its_own(player, command)}
        unheard = set(player.profile.commands) - player.exercised - general - set(NEVER_HEARD)
        assert not unheard, f"{name} declares commands that its driver never sent to its personality: {unheard}"


def _is_its_own(player: ScpiPersonality, command: str) -> bool:
    commands = player.profile.commands
    if commands[command].arguments:
        return not any(commands[other].send == commands[command].send for other in player.exercised - {command})
    call, _ = player._grammar.first(parse_message(commands[command].send.encode()))
    return call.name == command


@pytest.mark.parametrize("name", SCPI)
def test_mistakes_are_answered_by_the_standard_codes(name: str) -> None:
    player = play(name, Wiring(Device(seed=1)), "it")
    assert isinstance(player, ScpiPersonality)
    if "next_error" not in player.profile.commands:
        assert player.handle(b"NONSENSE\n") == b""
        return
    ask = player.profile.commands["next_error"].send.encode()

    def code_of(message: str) -> int:
        assert player.handle(message.encode()) == b""
        return parse_error(player.handle(ask).decode().strip()).code

    assert code_of("NONSENSE:COMMAND 1") == -113
    assert parse_error(player.handle(ask).decode().strip()).code == 0
    for command in player.profile.commands.values():
        parameters = command.send.partition(" ")[2]
        numbers = [name for name, one in command.arguments.items() if one.type == "number" and one.maximum is not None
                   and f"{{{name}}}" in parameters]  # fmt: skip
        if command.reply is None and numbers and ";" not in command.send:
            values = {
                key: "1e12" if key == numbers[-1] else next(iter(one.choices.values()), f"{one.minimum or 1:g}")
                for key, one in command.arguments.items()
            }
            text = re.sub(r"\{(\w+)\}", lambda m, v=values: v[m[1]], command.send)
            assert code_of(text) == -222, text
            break
    numbered = next((c for c in player.profile.commands.values() if re.match(r"[^ ]*\{channel\}[^ ]*$", c.send)), None)
    if numbered is not None and numbered.reply is not None:
        assert code_of(numbered.send.replace("{channel}", "99")) == -114
    assert code_of("*ESE") == -109
    # SCPI-99 lets a meter choose what CONFigure does not say; every other parameter must be there.
    needy = re.compile(r"(?!:?CONF)\S+ \{\w+\}")
    with_parameters = next((c for c in player.profile.commands.values() if needy.fullmatch(c.send)), None)
    if with_parameters is not None and "{" not in with_parameters.send.partition(" ")[0]:
        assert code_of(with_parameters.send.partition(" ")[0]) == -109


@pytest.mark.parametrize("name", METERS)
def test_a_meter_shows_every_function_of_its_profile(name: str) -> None:
    with bench(name) as (meter, player, wiring):
        assert isinstance(meter, Multimeter)
        assert isinstance(player, SerialMeterPersonality)
        player.profile = msgspec.structs.replace(player.profile, frame_interval_s=0.02)  # it is not measured here
        player.turn("dc_voltage")
        assert meter.read(MeterFunction.DC_VOLTAGE).quantity.value == pytest.approx(5.0, rel=0.02)
        wiring.connect("it", "open")
        player.turn("resistance")
        assert meter.read(MeterFunction.RESISTANCE).overload
        with pytest.raises(InstrumentError, match="turn its knob to dc_voltage"):
            meter.read(MeterFunction.DC_VOLTAGE)


@pytest.mark.parametrize("name", METERS)
def test_the_frames_of_every_knob_position_decode(name: str) -> None:
    device = Device(seed=1)
    device.power(Feed(5.0, 0.5, True))
    player = play(name, Wiring(device), "it")
    assert isinstance(player, SerialMeterPersonality)
    chip = player._chip
    assert len(player.positions) >= len(player.profile.functions) - 1
    for position in player.positions:
        player.turn(position)
        frames = chip.FrameReader().feed(player.frame())
        assert len(frames) == 1, position
        with contextlib.suppress(AttributeError):
            assert chip.decode(frames[0]).function == position or player.profile.symbols, position


def test_a_korad_supply_is_played_without_terminators() -> None:
    with bench("korad-ka3005p") as (supply, _, wiring):
        assert isinstance(supply, PowerSupply)
        use_supply(supply, wiring)


@pytest.mark.parametrize("name", ["feeltech-fy6900", "juntek-jds6600"])
def test_generators_on_serial_lines_are_played(name: str) -> None:
    with bench(name) as (generator, _, wiring):
        assert isinstance(generator, SignalGenerator)
        use_generator(generator, wiring)
        generator.configure(2, Wave.SQUARE, frequency_hz=50.0, amplitude_vpp=1.0, offset_v=-2.0)
        generator.output(2, on=True)
        volts = wiring.sources["IT2"].voltage(np.arange(1000) / 1e4)
        assert (volts.min(), volts.max()) == pytest.approx((-2.5, -1.5))


def test_a_modbus_supply_is_played_by_its_registers() -> None:
    with bench("riden-rd6006") as (supply, player, wiring):
        assert isinstance(supply, PowerSupply)
        use_supply(supply, wiring)
        assert isinstance(player, ModbusSupplyPersonality)
        for address, words in ((10, [500]), (8, [7000]), (18, [2])):
            with pytest.raises(Refused):
                player.write(address, words)


@pytest.mark.parametrize("name", ["waveshare-modbus-relay-8ch", "brainchild-io-16do"])
def test_a_relay_board_joins_test_points_to_its_common_wire(name: str) -> None:
    with bench(name) as (board, _, wiring):
        assert isinstance(board, Scanner)
        points = wiring.device.product.points
        times = np.array([wiring.device.now()])
        for channel, point in enumerate(list(points)[: board.channels()], start=1):
            board.select([channel])
            assert board.closed() == {channel}
            assert wiring.sources["IT"].voltage(times) == pytest.approx(wiring.device.voltage(point, times))
        board.safe_state()
        assert wiring.sources["IT"].voltage(times) == 0


@pytest.mark.parametrize("name", ["infiray-p2-pro", "flir-lepton-purethermal"])
def test_a_camera_sends_frames_of_the_board_through_a_pipe(name: str) -> None:
    with bench(name) as (camera, _, wiring):
        assert isinstance(camera, ThermalCamera)
        board = wiring.device.temperatures_c(wiring.device.now())
        shown = camera.capture(emissivity=EMISSIVITY, frames=2).temperatures_c
        assert shown.max() == pytest.approx(board.max(), abs=1.0)
        assert shown.min() == pytest.approx(board.min(), abs=1.0)
        camera.close()
        assert camera.capture(frames=1).temperatures_c.shape == shown.shape  # a new reader begins with a whole frame


def test_the_console_and_the_controller_of_the_device_are_played() -> None:
    with PlayedBench(["serial-console", "stm32flash", "mlx90640"]) as played:
        programmer = open_instrument(*played.instruments["programmer"])
        assert isinstance(programmer, FirmwareProgrammer)
        assert programmer.chip().code == "0x0410"
        console = open_instrument(*played.instruments["console"])
        assert isinstance(console, SerialConsole)
        assert set(played.instruments) == {"console", "programmer", "camera"}
        console.close()


UNPLAYED = {
    "avrdude": "an AVR runs its own boot loader: tests use optiboot in simavr, which must be compiled",
    "dfu-util": "needs a USB device",
    "openocd": "needs a debug probe on USB",
    "pyocd": "needs a debug probe on USB",
}


def test_every_profile_can_be_played_but_those_that_need_other_hardware() -> None:
    assert set(profiles()) - set(NAMES) == set(UNPLAYED)


PIECES = [
    "1",
    "-1e9",
    "ON",
    "MIN",
    "MAX",
    '"x"',
    "#13abc",
    "(@1)",
    "CH1",
    "C1",
    "10V",
    "#H1F",
    "",
    ",",
    ";",
    ":",
    "?",
    "*RST",
]


@pytest.mark.parametrize("name", SCPI)
def test_messages_that_nobody_declared_are_answered_or_refused(name: str) -> None:
    device = Device(seed=1)
    device.power(Feed(5.0, 0.5, True))
    player = play(name, Wiring(device), "it")
    assert isinstance(player, ScpiPersonality)
    random_ = random.Random(name)
    commands = list(player.profile.commands.values())
    for _ in range(60):
        parts = []
        for _ in range(random_.choice((1, 1, 2, 3))):
            text = re.sub(r"\{\w+\}", lambda _: random_.choice(PIECES), random_.choice(commands).send)
            if random_.random() < 0.3:
                text = text.replace("?", "") if "?" in text else text.partition(" ")[0] + "?"
            at = random_.randrange(len(text) + 1)
            parts.append(text if random_.random() < 0.8 else text[:at] + random_.choice(PIECES) + text[at:])
        assert player.handle(";".join(parts).encode())[-1:] in (b"", b"\n"), parts


def test_words_may_be_written_out_and_commands_joined() -> None:
    player = play("keysight-34461a", Wiring(Device(seed=1)), "it")
    assert player.handle(b":CONFigure:VOLTage:DC AUTO;*IDN?\n").startswith(b"Keysight")
    assert math.isfinite(float(player.handle(b"read?\n")))
    assert player.handle(b"\n") == b""


def test_what_cannot_be_played_is_told_with_what_can() -> None:
    with pytest.raises(Misconfigured, match="cannot be played by its declaration; these can: "):
        play("avrdude", Wiring(Device(seed=1)), "it")
    assert len(SCPI) >= 19
    assert len(METERS) >= 9


@given(st.from_regex(r"[A-Z]{2,4},(?P<a>[0-9]{1,3})(,[a-c]+)?", fullmatch=True), st.integers(0, 999))
def test_a_text_is_made_for_a_pattern(_: str, number: int) -> None:
    made = text_matching(r"[A-Z]{2,4},(?P<a>[0-9]+)(,[a-c]+)?", {"a": str(number)})
    found = re.fullmatch(r"[A-Z]{2,4},(?P<a>[0-9]+)(,[a-c]+)?", made)
    assert found is not None
    assert found["a"] == str(number)


def test_a_bench_of_any_make_runs_and_writes_its_configuration() -> None:
    from edge_agent.bench_config import parse_bench_config

    names = ["rigol-dm3058", "keysight-34465a", "rigol-dp832", "uni-t-ut8803"]
    with PlayedBench(names) as bench:
        assert set(bench.instruments) == {"meter", "meter2", "meter3", "supply"}
        config = parse_bench_config(bench.bench_toml("b").encode())
        supply = open_instrument("rigol-dp832", config.instruments["supply"].address)
        assert isinstance(supply, PowerSupply)
        supply.configure(1, voltage_v=5.0, current_limit_a=0.5)
        supply.output(1, on=True)
        meter = open_instrument("rigol-dm3058", config.instruments["meter"].address)
        assert isinstance(meter, Multimeter)
        assert meter.read(MeterFunction.DC_VOLTAGE).quantity.value == pytest.approx(5.0, rel=0.02)
        supply.close()
        meter.close()


def test_every_scope_profile_has_channels_with_probes() -> None:
    for name in SCPI:
        profile = profiles()[name]
        if isinstance(profile, ScpiOscilloscopeProfile):
            wiring = Wiring(Device(seed=1))
            play(name, wiring, "scope")
            assert len(wiring.probes) == profile.channels
