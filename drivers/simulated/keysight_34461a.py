"""A Keysight Truevolt multimeter (34461A; Operating and Service Guide 34460-90901, SCPI reference)."""

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from drivers.simulated.noise import Floats, key, normal, uniform
from drivers.simulated.scpi_device import Answer, Handler, ScpiDevice, scpi
from drivers.simulated.wiring import Probe, edge_frequency, rms
from protocols.scpi import ScpiError, format_number
from protocols.scpi_program import Command, Parameter

LINE_S = 0.02
"""One power line cycle at 50 Hz."""
AC_BANDWIDTH_HZ = 300e3
_RESOLUTION_FACTORS = {0.02: 100e-6, 0.2: 10e-6, 1.0: 3e-6, 10.0: 1e-6, 100.0: 0.3e-6}
"""Integration time in power line cycles → resolution as a share of the range (table "Range, Resolution and NPLC")."""
_INTEGRATING = frozenset({"VOLT", "CURR", "RES", "FRES"})
_MAX_READINGS = 10_000
_UNITS = {"VOLT": "V", "VOLT:AC": "V", "CURR": "A", "CURR:AC": "A", "RES": "OHM", "FRES": "OHM", "CAP": "F"}
"""Units of a range, which may stand behind it as a suffix."""


@dataclass(frozen=True)
class Function:
    """One measuring function: its name in CONF? and FUNC?, its ranges, and one-year accuracy (of reading, of range)."""

    short: str
    pattern: str
    ranges: tuple[float, ...]
    of_reading: float
    of_range: float
    top: float = math.inf
    """Largest value of the highest range, where that is not 120 %."""


_FUNCTIONS = (
    Function("VOLT", "VOLTage[:DC]", (0.1, 1.0, 10.0, 100.0, 1000.0), 35e-6, 5e-6, 1000.0),
    Function("VOLT:AC", "VOLTage:AC", (0.1, 1.0, 10.0, 100.0, 750.0), 6e-4, 3e-4, 750.0),
    Function("CURR", "CURRent[:DC]", (1e-4, 1e-3, 0.01, 0.1, 1.0, 3.0, 10.0), 5e-4, 6e-5),
    Function("CURR:AC", "CURRent:AC", (1e-4, 1e-3, 0.01, 0.1, 1.0, 3.0, 10.0), 1e-3, 4e-4),
    Function("RES", "RESistance", (100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8), 1e-4, 1e-5),
    Function("FRES", "FRESistance", (100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8), 1e-4, 1e-5),
    Function("CONT", "CONTinuity", (1e3,), 1e-4, 1e-5),
    Function("DIOD", "DIODe", (10.0,), 1e-4, 2e-5, 5.0),
    Function("FREQ", "FREQuency", (10.0,), 1e-4, 0.0),
    Function("PER", "PERiod", (10.0,), 1e-4, 0.0),
    Function("CAP", "CAPacitance", (1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4), 5e-3, 5e-3),
    Function("TEMP", "TEMPerature", (1.0,), 1e-4, 0.0),
)
_BY_SHORT = {function.short: function for function in _FUNCTIONS}
_TEST_CURRENTS = {100.0: 1e-3, 1e3: 1e-3, 1e4: 1e-4, 1e5: 1e-5, 1e6: 5e-6, 1e7: 5e-7, 1e8: 5e-7}


@dataclass(frozen=True)
class _Setting:
    range_value: float
    auto: bool = True
    cycles: float = 10.0


class TruevoltMeter(ScpiDevice):
    """34461A; ``model`` may be another of the series, which shares the commands."""

    signed_integers = True

    def __init__(self, probe: Probe, *, seed: int = 1, model: str = "34461A") -> None:
        super().__init__()
        self.identity = f"Keysight Technologies,{model},MY53220001,A.02.08-02.37-02.08-00.49-01-01"
        self._probe = probe
        self._key = key(seed, f"meter {probe.name}")
        self._count = 0
        self.reset()

    def reset(self) -> None:
        """DC volts, autorange, 10 cycles, one reading at once."""
        self._function = _BY_SHORT["VOLT"]
        self._settings = {f.short: _Setting(f.ranges[min(2, len(f.ranges) - 1)]) for f in _FUNCTIONS}
        self._samples = 1
        self._triggers = 1
        self._trigger_source = "IMM"
        self._readings: list[float] = []

    # ---- measuring

    def _take(self) -> list[float]:
        count = self._samples * self._triggers
        if count > _MAX_READINGS:
            raise ScpiError(f"{count} readings do not fit into the memory", -223)
        return [self._measure() for _ in range(count)]

    def _measure(self) -> float:
        """Take one reading now: the true value, this meter's error and noise, in whole steps of its resolution."""
        function, setting = self._function, self._settings[self._function.short]
        window = setting.cycles * LINE_S
        self.pause(window)
        self._count += 1
        if function.short in {"VOLT", "CURR", "RES", "FRES", "CONT", "DIOD"}:
            value = self._direct(function, setting, window)
        else:
            value = self._other(function)
        if setting.auto:
            chosen = next((r for r in function.ranges if abs(value) <= 1.2 * r), function.ranges[-1])
            setting = self._settings[function.short] = replace(setting, range_value=chosen)
        if abs(value) > min(1.2 * setting.range_value, function.top) and function.short not in {"FREQ", "PER"}:
            return math.copysign(math.inf, value)
        offset, gain, noise = self._errors(function)
        if function.short in {"FREQ", "PER"}:
            return value * (1.0 + gain + 1e-6 * noise)
        step = setting.range_value * _RESOLUTION_FACTORS[setting.cycles]
        value += gain * value + offset * setting.range_value + noise * step
        return round(value / step) * step

    def _window(self, count: int, window: float) -> Floats:
        """Return sampling instants spread evenly, but not regularly, over the integration time."""
        jitter = uniform(np.arange(count, dtype=np.int64) + count * self._count, self._key)
        return self._probe.now() + (np.arange(count) + jitter) * (window / count)

    def _direct(self, function: Function, setting: _Setting, window: float) -> float:
        times = self._window(2000, window)
        if function.short == "CURR":
            return float(np.mean(self._probe.current(self._window(50, window))))
        volts = float(np.mean(self._probe.voltage(times, 1e9)))
        if function.short == "VOLT":
            return volts
        ohm = self._probe.source_ohm(float(times[0]))
        if function.short == "DIOD":
            return volts + 1e-3 * ohm
        ranges = function.ranges if setting.auto else (setting.range_value,)
        for full_scale in ranges:
            current = _TEST_CURRENTS[full_scale]
            shown = (volts + current * ohm) / current  # a voltage on the board falsifies the reading
            if abs(shown) <= 1.2 * full_scale:
                return shown
        return math.copysign(1e12, shown)

    def _other(self, function: Function) -> float:
        start = self._probe.now()
        match function.short:
            case "VOLT:AC":
                return rms(self._probe.voltage(self._window(40_000, 0.2), AC_BANDWIDTH_HZ))
            case "CURR:AC":
                return rms(self._probe.current(self._window(200, 0.2)))
            case "CAP":
                return self._probe.capacitance_f(start)
            case "TEMP":
                return math.inf  # no temperature sensor at the terminals
        hertz = edge_frequency(lambda times: self._probe.voltage(times, AC_BANDWIDTH_HZ), start)
        if function.short == "FREQ":
            return hertz
        return 1.0 / hertz if hertz else 0.0

    def _errors(self, function: Function) -> tuple[float, float, float]:
        """Return this specimen's offset (of range) and gain error (of reading), within specification, and noise."""
        index = np.array([_FUNCTIONS.index(function)], dtype=np.int64)
        offset = 0.5 * function.of_range * float(normal(index, self._key + 1)[0]) / 3.5
        gain = 0.5 * function.of_reading * float(normal(index, self._key + 2)[0]) / 3.5
        noise = float(normal(np.array([self._count], dtype=np.int64), self._key + 3)[0])
        return offset, gain, noise

    # ---- commands

    def commands(self) -> dict[str, Handler]:
        """Return the commands that exist once for each function."""
        entries: dict[str, Handler] = {}
        for function in _FUNCTIONS:
            entries[f"CONFigure:{function.pattern}"] = partial(self._on_configure, function)
            entries[f"MEASure:{function.pattern}?"] = partial(self._on_measure, function)
            if len(function.ranges) > 1:
                limit = f"[SENSe:]{function.pattern}:RANGe"
                entries[f"{limit}[:UPPer]"] = partial(self._on_range, function)
                entries[f"{limit}[:UPPer]?"] = lambda _, short=function.short: self._shown_range(short)
                entries[f"{limit}:AUTO"] = partial(self._on_auto, function)
                entries[f"{limit}:AUTO?"] = lambda _, short=function.short: "1" if self._settings[short].auto else "0"
            if function.short in _INTEGRATING:
                entries[f"[SENSe:]{function.pattern}:NPLC"] = partial(self._on_cycles, function)
                entries[f"[SENSe:]{function.pattern}:NPLC?"] = lambda _, short=function.short: format_number(
                    self._settings[short].cycles
                )
        return entries

    def _on_configure(self, function: Function, command: Command) -> Answer:
        self._configure(function, command.take(0, 4))
        return None

    def _on_measure(self, function: Function, command: Command) -> Answer:
        self._configure(function, command.take(0, 4))
        self._readings = self._take()
        return _listed(self._readings)

    def _on_range(self, function: Function, command: Command) -> Answer:
        chosen = self._range(function, command.take(1)[0])
        old = self._settings[function.short]
        if chosen is None:
            self._settings[function.short] = replace(old, auto=True)
        else:
            self._settings[function.short] = replace(old, range_value=chosen, auto=False)
        return None

    def _shown_range(self, short: str) -> str:
        return format_number(self._settings[short].range_value)

    def _on_auto(self, function: Function, command: Command) -> Answer:
        on = command.take(1)[0].text.upper() in {"1", "ON", "ONCE"}
        self._settings[function.short] = replace(self._settings[function.short], auto=on)
        return None

    def _on_cycles(self, function: Function, command: Command) -> Answer:
        wanted = command.take(1)[0].number(minimum=0.02, maximum=100.0, default=10.0)
        cycles = next(c for c in sorted(_RESOLUTION_FACTORS) if wanted <= c)
        self._settings[function.short] = replace(self._settings[function.short], cycles=cycles)
        return None

    def _configure(self, function: Function, parameters: tuple[Parameter, ...]) -> None:
        setting = _Setting(self._settings[function.short].range_value)
        if parameters and function.short not in {"TEMP", "CONT", "DIOD"}:
            full_scale = self._range(function, parameters[0])
            if full_scale is not None:
                setting = replace(setting, range_value=full_scale, auto=False)
        if len(parameters) > 1 and function.short in _INTEGRATING:
            unit = _UNITS.get(function.short, "")
            setting = replace(setting, cycles=_cycles_for(parameters[1], setting.range_value, unit))
        self._settings[function.short] = setting
        self._function = function
        self._samples = self._triggers = 1
        self._trigger_source = "IMM"
        self._readings = []

    def _range(self, function: Function, parameter: Parameter) -> float | None:
        """Return the range for an expected value, ``None`` for autorange; raise -222 above the highest."""
        lowest, highest = function.ranges[0], function.ranges[-1]
        names = {"AUTO": math.nan, "DEFault": math.nan, "MINimum": lowest, "MAXimum": highest}
        wanted = abs(parameter.number(_UNITS.get(function.short, ""), names=names))
        if math.isnan(wanted):
            return None
        for full_scale in function.ranges:
            if wanted <= full_scale * 1.0001:
                return full_scale
        raise ScpiError(f"{wanted:g} is above the highest range", -222)

    @scpi("CONFigure?")
    def _query_configuration(self, _command: Command) -> Answer:
        setting = self._settings[self._function.short]
        if self._function.short in {"CONT", "DIOD"}:
            return f'"{self._function.short}"'
        step = setting.range_value * _RESOLUTION_FACTORS[setting.cycles]
        return f'"{self._function.short} {format_number(setting.range_value)},{format_number(step)}"'

    @scpi("[SENSe:]FUNCtion[:ON]?")
    def _query_function(self, _command: Command) -> Answer:
        return f'"{self._function.short}"'

    @scpi("[SENSe:]FUNCtion[:ON]")
    def _set_function(self, command: Command) -> Answer:
        name = command.take(1)[0].string().upper().replace("VOLT:DC", "VOLT").replace("CURR:DC", "CURR")
        if name not in _BY_SHORT:
            raise ScpiError(f"no function {name}", -224)
        self._function = _BY_SHORT[name]
        return None

    @scpi("SAMPle:COUNt")
    def _set_samples(self, command: Command) -> Answer:
        self._samples = int(command.take(1)[0].number(minimum=1, maximum=1e6, default=1))
        return None

    @scpi("SAMPle:COUNt?")
    def _get_samples(self, _command: Command) -> Answer:
        return self.integer(self._samples)

    @scpi("TRIGger:COUNt")
    def _set_triggers(self, command: Command) -> Answer:
        self._triggers = int(command.take(1)[0].number(minimum=1, maximum=1e6, default=1))
        return None

    @scpi("TRIGger:COUNt?")
    def _get_triggers(self, _command: Command) -> Answer:
        return self.integer(self._triggers)

    @scpi("TRIGger:SOURce")
    def _set_trigger_source(self, command: Command) -> Answer:
        self._trigger_source = command.take(1)[0].choice(("IMMediate", "EXTernal", "BUS"))[:3].upper()
        return None

    @scpi("TRIGger:SOURce?")
    def _get_trigger_source(self, _command: Command) -> Answer:
        return self._trigger_source

    @scpi("TRIGger:DELay", "TRIGger:DELay:AUTO", "TRIGger:SLOPe", "DISPlay[:STATe]", "DISPlay:TEXT[:DATA]",
          "[SENSe:]VOLTage[:DC]:ZERO:AUTO", "[SENSe:]RESistance:ZERO:AUTO", "[SENSe:]CURRent[:DC]:ZERO:AUTO",
          "[SENSe:]VOLTage[:DC]:IMPedance:AUTO", "[SENSe:]VOLTage:AC:BANDwidth", "[SENSe:]CURRent:AC:BANDwidth",
          "[SENSe:]FREQuency:APERture", "[SENSe:]PERiod:APERture", "DISPlay:TEXT:CLEar",
          "[SENSe:]FREQuency:RANGe:LOWer", "[SENSe:]FREQuency:VOLTage:RANGe[:UPPer]",
          "[SENSe:]FREQuency:VOLTage:RANGe:AUTO")  # fmt: skip
    def _without_effect(self, command: Command) -> Answer:
        """Accept settings that change nothing which this meter's input can see."""
        command.take(0, 1)
        return None

    @scpi("INITiate[:IMMediate]")
    def _initiate(self, _command: Command) -> Answer:
        self._readings = self._take()
        return None

    @scpi("FETCh?")
    def _fetch(self, _command: Command) -> Answer:
        if not self._readings:
            raise ScpiError("no reading was taken", -230)
        return _listed(self._readings)

    @scpi("READ?")
    def _read(self, _command: Command) -> Answer:
        self._readings = self._take()
        return _listed(self._readings)

    @scpi("R?")
    def _read_and_remove(self, _command: Command) -> Answer:
        taken, self._readings = self._readings, []
        body = _listed(taken)
        return f"#{len(str(len(body)))}{len(body)}{body}"

    @scpi("ABORt")
    def _abort(self, _command: Command) -> Answer:
        return None

    @scpi("DATA:POINts?")
    def _points(self, _command: Command) -> Answer:
        return self.integer(len(self._readings))

    @scpi("DATA:LAST?")
    def _last(self, _command: Command) -> Answer:
        return format_number(self._readings[-1] if self._readings else math.nan)

    @scpi("ROUTe:TERMinals?")
    def _terminals(self, _command: Command) -> Answer:
        return "FRON"


def _listed(readings: list[float]) -> str:
    return ",".join(format_number(value) for value in readings)


def _cycles_for(parameter: Parameter, full_scale: float, unit: str) -> float:
    """Return the shortest integration time that resolves what was asked for: the coarsest where less is enough.

    A resolution finer than the finest is an error (-222).
    """
    finest, coarsest = min(_RESOLUTION_FACTORS.values()), max(_RESOLUTION_FACTORS.values())
    names = {"MINimum": finest * full_scale, "MAXimum": coarsest * full_scale, "DEFault": 1e-6 * full_scale}
    wanted = parameter.number(unit, minimum=finest * full_scale, names=names)
    return next(
        cycles for cycles, factor in sorted(_RESOLUTION_FACTORS.items()) if factor * full_scale <= wanted * 1.001
    )
