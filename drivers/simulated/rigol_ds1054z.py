"""Rigol DS1054Z oscilloscope (MSO1000Z/DS1000Z Programming Guide): 4 channels, 50 MHz, 1 GSa/s, 8 bits."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from drivers.simulated.noise import Floats, draw, instants, key
from drivers.simulated.scope_acquisition import DEPTHS, Acquisition
from drivers.simulated.scope_record import REFERENCE_CODE, Channel, Record
from drivers.simulated.scope_settings import CHANNEL_SETTINGS, CHANNELS, channel_number, knob_step, real
from drivers.simulated.scpi_device import Answer, Handler, ScpiDevice, scpi
from drivers.simulated.wiring import Probe
from protocols.scpi import ScpiError
from protocols.scpi_program import Command, Parameter

SCREEN_POINTS = 1200
LONGEST_READ = {"BYTE": 250_000, "WORD": 125_000, "ASC": 15_625}
"""Points that one ``:WAVeform:DATA?`` may ask for in each format."""

FIXED = {
    "CHANnel<n>:TCAL?": real(0.0),
    "CHANnel<n>:UNITs?": "VOLT",
    "TIMebase:DELay:ENABle?": "0",
    "TIMebase:DELay:SCALe?": real(5e-7),
    "TIMebase:DELay:OFFSet?": real(0.0),
    "TRIGger:NREJect?": "0",
    "TRIGger:HOLDoff?": real(1.6e-8),
    "TRIGger:COUPling?": "DC",
    "MATH:DISPlay?": "0",
}
"""Answers about what this one cannot be set to."""


class Ds1054z(ScpiDevice):
    """The scope. ``waits`` tells whether time passes while it waits for a trigger (else it looks ahead)."""

    identity = "RIGOL TECHNOLOGIES,DS1054Z,DS1ZA201003553,00.04.04.SP4"

    def __init__(self, probes: list[Probe], *, seed: int = 1, waits: Callable[[], bool] = lambda: False) -> None:
        self._probes = probes
        self._key = key(seed, "scope")
        self._waits = waits
        self.reset()
        super().__init__()

    def reset(self) -> None:
        """Channel 1 on, 1 V and 1 µs a division, automatic sweep, running."""
        channels = [
            Channel(
                probe,
                displayed=number == 0,
                gain_error=(draw(self._key, 10 + number) - 0.5) * 0.02,
                offset_error_divisions=(draw(self._key, 20 + number) - 0.5) * 0.08,
                noise_key=self._key + 30 + number,
            )
            for number, probe in enumerate(self._probes)
        ]
        self._acquisition = Acquisition(
            channels,
            now=self._probes[0].now,
            waits=self._waits,
            clock_error=(draw(self._key, 0) - 0.5) * 20e-6,
        )
        self._source, self._mode, self._format = 1, "NORM", "BYTE"
        self._start, self._stop = 1, SCREEN_POINTS

    # ---- acquisition

    @scpi("RUN")
    def _run(self, _command: Command) -> Answer:
        self._acquisition.run()
        return None

    @scpi("STOP")
    def _halt(self, _command: Command) -> Answer:
        self._acquisition.halt()
        return None

    @scpi("SINGle")
    def _single(self, _command: Command) -> Answer:
        self._acquisition.single()
        return None

    @scpi("TFORce")
    def _force(self, _command: Command) -> Answer:
        self._acquisition.force()
        return None

    @scpi("CLEar")
    def _wipe(self, _command: Command) -> Answer:
        self._acquisition.record = None
        return None

    @scpi("TRIGger:STATus?")
    def _status(self, _command: Command) -> Answer:
        return self._acquisition.status()

    # ---- vertical

    def commands(self) -> dict[str, Handler]:
        """Return the settings that are one value each."""
        entries: dict[str, Handler] = {}
        for pattern, answer in FIXED.items():
            entries[pattern] = lambda command, *_suffixes, fixed=answer: fixed if command.take(0) == () else None
        for pattern, (name, read, show) in CHANNEL_SETTINGS.items():
            entries[f"CHANnel<n>:{pattern}"] = self._channel_setter(name, read)
            entries[f"CHANnel<n>:{pattern}?"] = self._channel_getter(name, show)
        return entries

    @scpi("CHANnel<n>:RANGe?")
    def _range(self, command: Command, number: int) -> Answer:
        command.take(0)
        return real(8 * self._acquisition.channels[self._channel(number)].scale_v)

    def _channel(self, number: int) -> int:
        if not 1 <= number <= CHANNELS:
            raise ScpiError(f"no channel {number}", -114)
        return number - 1

    def _channel_setter(self, name: str, read: Callable[[Channel, Parameter], object]) -> Handler:
        def setter(command: Command, number: int) -> Answer:
            index = self._channel(number)
            value = read(self._acquisition.channels[index], command.take(1)[0])
            old = self._acquisition.channels[index]
            changed = replace(old, **{name: value})  # type: ignore[arg-type]
            if name == "ratio":  # the same setting at the connector means other volts at the tip
                factor = changed.ratio / old.ratio
                changed = replace(changed, scale_v=old.scale_v * factor, offset_v=old.offset_v * factor)
            self._acquisition.channels[index] = changed
            return None

        return setter

    def _channel_getter(self, name: str, show: Callable[[object], str]) -> Handler:
        def getter(_command: Command, number: int) -> Answer:
            return show(getattr(self._acquisition.channels[self._channel(number)], name))

        return getter

    # ---- horizontal and memory

    @scpi("TIMebase[:MAIN]:SCALe")
    def _set_scale(self, command: Command) -> Answer:
        self._acquisition.scale_s = knob_step(min(50.0, max(5e-9, command.take(1)[0].number("S"))))
        return None

    @scpi("TIMebase[:MAIN]:SCALe?")
    def _get_scale(self, _command: Command) -> Answer:
        return real(self._acquisition.scale_s)

    @scpi("TIMebase[:MAIN]:OFFSet")
    def _set_delay(self, command: Command) -> Answer:
        self._acquisition.delay_s = command.take(1)[0].number("S", minimum=-5000.0, maximum=5000.0)
        return None

    @scpi("TIMebase[:MAIN]:OFFSet?")
    def _get_delay(self, _command: Command) -> Answer:
        return real(self._acquisition.delay_s)

    @scpi("TIMebase:MODE?")
    def _get_timebase_mode(self, _command: Command) -> Answer:
        return "MAIN"

    @scpi("TIMebase:MODE", "ACQuire:TYPE", "ACQuire:AVERages", "TRIGger:COUPling", "TRIGger:NREJect",
          "TRIGger:HOLDoff", "TIMebase:DELay:ENABle", "CHANnel<n>:UNITs", "CHANnel<n>:TCAL")  # fmt: skip
    def _fixed(self, command: Command, *_number: int) -> Answer:
        """Accept the default of settings that this model has no other of; refuse the rest."""
        text = command.take(1)[0].text.upper()
        if text not in {"MAIN", "NORM", "NORMAL", "2", "DC", "0", "OFF", "VOLT", "VOLTAGE", "1.6E-8", "16E-9"}:
            raise ScpiError(f"{command.header} {text} is not simulated", -224)
        return None

    @scpi("ACQuire:MDEPth")
    def _set_depth(self, command: Command) -> Answer:
        parameter = command.take(1)[0]
        if self._acquisition.state == "STOP":
            raise ScpiError("the memory depth can only be set while the scope runs", -221)
        if parameter.text.upper() == "AUTO":
            self._acquisition.depth = None
            return None
        wanted, share = parameter.integer(), self._acquisition.share()
        choices = [depth // share for depth in DEPTHS]
        if wanted not in choices:
            raise ScpiError(f"no memory depth of {wanted} with these channels", -222)
        self._acquisition.depth = choices.index(wanted)
        return None

    @scpi("ACQuire:MDEPth?")
    def _get_depth(self, _command: Command) -> Answer:
        return "AUTO" if self._acquisition.depth is None else str(self._acquisition.memory()[0])

    @scpi("ACQuire:SRATe?")
    def _get_rate(self, _command: Command) -> Answer:
        return real(self._acquisition.memory()[1])

    @scpi("ACQuire:TYPE?")
    def _get_type(self, _command: Command) -> Answer:
        return "NORM"

    # ---- trigger

    @scpi("TRIGger:MODE")
    def _set_trigger_mode(self, command: Command) -> Answer:
        command.take(1)[0].choice(("EDGE",))
        return None

    @scpi("TRIGger:MODE?")
    def _get_trigger_mode(self, _command: Command) -> Answer:
        return "EDGE"

    @scpi("TRIGger:SWEep")
    def _set_sweep(self, command: Command) -> Answer:
        self._acquisition.sweep = command.take(1)[0].choice(("AUTO", "NORMal", "SINGle"))[:4].upper()
        if self._acquisition.sweep == "SING":
            self._acquisition.single()
            return None
        self._acquisition.state = "RUN" if self._acquisition.state == "SINGLE" else self._acquisition.state
        return None

    @scpi("TRIGger:SWEep?")
    def _get_sweep(self, _command: Command) -> Answer:
        return self._acquisition.sweep

    @scpi("TRIGger:EDGe:SOURce", "TRIGger:EDGE:SOURce")
    def _set_trigger_source(self, command: Command) -> Answer:
        self._acquisition.trigger = replace(self._acquisition.trigger, channel=channel_number(command.take(1)[0]))
        return None

    @scpi("TRIGger:EDGe:SOURce?", "TRIGger:EDGE:SOURce?")
    def _get_trigger_source(self, _command: Command) -> Answer:
        return f"CHAN{self._acquisition.trigger.channel}"

    @scpi("TRIGger:EDGe:SLOPe", "TRIGger:EDGE:SLOPe")
    def _set_slope(self, command: Command) -> Answer:
        self._acquisition.trigger = replace(
            self._acquisition.trigger, slope=command.take(1)[0].choice(("POSitive", "NEGative"))[:3].upper()
        )
        return None

    @scpi("TRIGger:EDGe:SLOPe?", "TRIGger:EDGE:SLOPe?")
    def _get_slope(self, _command: Command) -> Answer:
        return self._acquisition.trigger.slope

    @scpi("TRIGger:EDGe:LEVel", "TRIGger:EDGE:LEVel")
    def _set_level(self, command: Command) -> Answer:
        self._acquisition.trigger = replace(
            self._acquisition.trigger, level_v=command.take(1)[0].number("V", minimum=-1e5, maximum=1e5)
        )
        return None

    @scpi("TRIGger:EDGe:LEVel?", "TRIGger:EDGE:LEVel?")
    def _get_level(self, _command: Command) -> Answer:
        return real(self._acquisition.trigger.level_v)

    # ---- reading waveforms

    @scpi("WAVeform:SOURce")
    def _set_source(self, command: Command) -> Answer:
        self._source = channel_number(command.take(1)[0])
        return None

    @scpi("WAVeform:SOURce?")
    def _get_source(self, _command: Command) -> Answer:
        return f"CHAN{self._source}"

    @scpi("WAVeform:MODE")
    def _set_mode(self, command: Command) -> Answer:
        self._mode = command.take(1)[0].choice(("NORMal", "MAXimum", "RAW"))[:4].rstrip("i").upper()
        self._start, self._stop = 1, self._points()
        return None

    @scpi("WAVeform:MODE?")
    def _get_mode(self, _command: Command) -> Answer:
        return self._mode

    @scpi("WAVeform:FORMat")
    def _set_format(self, command: Command) -> Answer:
        self._format = command.take(1)[0].choice(("WORD", "BYTE", "ASCii"))[:4].rstrip("i").upper()
        return None

    @scpi("WAVeform:FORMat?")
    def _get_format(self, _command: Command) -> Answer:
        return self._format

    @scpi("WAVeform:STARt")
    def _set_start(self, command: Command) -> Answer:
        self._start = command.take(1)[0].integer(minimum=1, maximum=self._points())
        return None

    @scpi("WAVeform:STARt?")
    def _get_start(self, _command: Command) -> Answer:
        return str(self._start)

    @scpi("WAVeform:STOP")
    def _set_stop(self, command: Command) -> Answer:
        self._stop = command.take(1)[0].integer(minimum=1, maximum=self._points())
        return None

    @scpi("WAVeform:STOP?")
    def _get_stop(self, _command: Command) -> Answer:
        return str(self._stop)

    def _reads_memory(self) -> bool:
        """RAW reads the memory; MAXimum does when the scope stands still, and the screen while it runs."""
        return self._mode == "RAW" or (self._mode == "MAX" and self._acquisition.state == "STOP")

    def _points(self) -> int:
        if not self._reads_memory():
            return SCREEN_POINTS
        return self._acquisition.record.depth if self._acquisition.record is not None else self._acquisition.memory()[0]

    @scpi("WAVeform:DATA?")
    def _data(self, _command: Command) -> Answer:
        first, count = self._start - 1, self._stop - self._start + 1
        if not 0 < count <= LONGEST_READ[self._format]:
            raise ScpiError(f"{count} points cannot be read at once in this format", -222)
        record = self._acquisition.fresh()
        if not record.channels[self._source - 1].displayed or (
            self._mode == "RAW" and self._acquisition.state != "STOP"
        ):
            return b"#9000000000"
        codes = self._codes(record, first, count)
        if self._format == "ASC":
            _, _, step, origin = self._vertical(record)
            body = ",".join(real((int(code) - origin - REFERENCE_CODE) * step) for code in codes).encode("ascii")
        else:
            body = (codes.astype("<u2") if self._format == "WORD" else codes).tobytes()
        return b"#9%09d" % len(body) + body

    def _codes(self, record: Record, first: int, count: int) -> npt.NDArray[np.uint8]:
        if self._reads_memory():
            return record.codes(self._source, first, min(count, record.depth - first))
        increment = self._acquisition.scale_s / 100 * (1.0 + self._acquisition.clock_error)
        return record.at(self._source, self._screen_times(record, increment)[first : first + count])

    def _screen_times(self, record: Record, increment: float) -> Floats:
        center_s = record.trigger_s + self._acquisition.delay_s
        return instants(center_s - increment * SCREEN_POINTS / 2, increment, SCREEN_POINTS)

    def _vertical(self, record: Record | None) -> tuple[float, float, float, int]:
        """Return time between points, time of the first one from the trigger, volts of a code, and origin."""
        channel = (record.channels if record is not None else self._acquisition.channels)[self._source - 1]
        if self._reads_memory():
            depth, rate = (
                (record.depth, 1 / record.nominal_interval_s) if record is not None else self._acquisition.memory()
            )
            return 1.0 / rate, self._acquisition.delay_s - depth / rate / 2, channel.step_v, channel.origin_code
        increment = self._acquisition.scale_s / 100
        return increment, self._acquisition.delay_s - increment * SCREEN_POINTS / 2, channel.step_v, channel.origin_code

    @scpi("WAVeform:PREamble?")
    def _preamble(self, _command: Command) -> Answer:
        self._acquisition.advance()
        increment, origin_s, step, origin = self._vertical(self._acquisition.record)
        form = {"BYTE": 0, "WORD": 1, "ASC": 2}[self._format]
        mode = {"NORM": 0, "MAX": 1, "RAW": 2}[self._mode]
        return (
            f"{form},{mode},{self._points()},1,{real(increment)},{real(origin_s)},0,"
            f"{real(step)},{origin},{REFERENCE_CODE}"
        )

    @scpi("WAVeform:XINCrement?")
    def _x_increment(self, _command: Command) -> Answer:
        return real(self._vertical(self._acquisition.record)[0])

    @scpi("WAVeform:XORigin?")
    def _x_origin(self, _command: Command) -> Answer:
        return real(self._vertical(self._acquisition.record)[1])

    @scpi("WAVeform:XREFerence?")
    def _x_reference(self, _command: Command) -> Answer:
        return "0"

    @scpi("WAVeform:YINCrement?")
    def _y_increment(self, _command: Command) -> Answer:
        return real(self._vertical(self._acquisition.record)[2])

    @scpi("WAVeform:YORigin?")
    def _y_origin(self, _command: Command) -> Answer:
        return str(self._vertical(self._acquisition.record)[3])

    @scpi("WAVeform:YREFerence?")
    def _y_reference(self, _command: Command) -> Answer:
        return str(REFERENCE_CODE)

    @scpi("MEASure:ITEM?")
    def _measure(self, command: Command) -> Answer:
        """Measure on the screen (VMAX, VMIN, VPP, VAVG, VRMS)."""
        item, *source = command.take(1, 2)
        return self._measured(item, source)

    @scpi("MEASure:STATistic:ITEM?")
    def _measure_statistically(self, command: Command) -> Answer:
        """Tell the statistics of one record, which is all values but the deviation."""
        kind, item, *source = command.take(2, 3)
        if kind.choice(("MAXimum", "MINimum", "CURRent", "AVERages", "DEViation")) == "DEViation":
            return real(0.0)
        return self._measured(item, source)

    def _measured(self, item: Parameter, source: Sequence[Parameter]) -> Answer:
        name = item.choice(("VMAX", "VMIN", "VPP", "VAVG", "VRMS"))
        number = channel_number(source[0]) if source else self._source
        record = self._acquisition.fresh()
        channel = record.channels[number - 1]
        times = self._screen_times(record, self._acquisition.scale_s / 100)
        volts = (record.at(number, times) - float(channel.origin_code + REFERENCE_CODE)) * channel.step_v
        value = {
            "VMAX": volts.max(), "VMIN": volts.min(), "VPP": np.ptp(volts), "VAVG": volts.mean(),
            "VRMS": np.sqrt(np.mean(volts**2)),
        }[name]  # fmt: skip
        return real(float(value))
