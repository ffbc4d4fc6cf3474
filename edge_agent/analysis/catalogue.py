"""The table of analyses that test plans can use by name. A new analysis needs a row here and nothing else.

Fields and parameters must agree with the function that a row names; tests/analysis/test_registry.py compares them.
"""

from collections.abc import Mapping

from edge_agent.analysis.registry import (
    DERIVED_UNIT,
    AnalysisSpec,
    Field,
    FieldKind,
    InputKind,
    Parameter,
    ParameterKind,
)
from edge_agent.analysis.registry import INPUT_UNIT as SAME

_ACCURACY = Parameter(ParameterKind.ACCURACY, "accuracy of the instrument that took the record", default=None)


def _number(text: str, unit: str, default: object = None, *, low: float = 0.0, high: float = float("inf")) -> Parameter:
    return Parameter(ParameterKind.NUMBER, text, unit, default, low, high)


def _needed(text: str, unit: str, *, low: float = 0.0) -> Parameter:
    return Parameter(ParameterKind.NUMBER, text, unit, low=low)


def _whole(text: str, default: int, *, low: float, high: float) -> Parameter:
    return Parameter(ParameterKind.INTEGER, text, "1", default, low, high)


def _pixel(text: str, *, low: float = 0) -> Parameter:
    return Parameter(ParameterKind.INTEGER, text, "1", low=low, high=100_000)


def _spec(
    name: str,
    kind: InputKind,
    target: str,
    english: str,
    chinese: str,
    *,
    quantities: Mapping[str, str],
    texts: tuple[str, ...] = (),
    flags: tuple[str, ...] = (),
    parameters: Mapping[str, Parameter] | None = None,
    with_accuracy: bool = True,
) -> AnalysisSpec:
    fields = {field: Field(unit) for field, unit in quantities.items()}
    fields |= {field: Field(kind=FieldKind.TEXT) for field in texts}
    fields |= {field: Field(kind=FieldKind.FLAG) for field in flags}
    known = dict(parameters or {})
    if with_accuracy:
        known["accuracy"] = _ACCURACY
    return AnalysisSpec(name, kind, target, fields, {"en": english, "zh-CN": chinese}, known)


_HOT_SPOT_FIELDS = {
    "count": "1",
    "rise": "K",
    "peak": "Cel",
    "row": "1",
    "column": "1",
    "maximum": "Cel",
    "ambient": "Cel",
}

_MASK = Parameter(ParameterKind.MASK, "mask learned from good units")
_MASK_FIELDS = {
    "worst": "1", "limit": "1", "outside": "%", "deviation": DERIVED_UNIT, "false_reject": "%",
    "false_reject_bound": "%", "units": "1",
}  # fmt: skip

_BUS_FIELDS = {"count": "1", "octets": "1", "errors": "1", "unanswered": "1"}

_SPECS = (
    _spec(
        "statistics", InputKind.WAVEFORM, "statistics:statistics",
        "Mean, standard deviation and extremes", "平均值、标准差与极值",
        quantities={"mean": SAME, "deviation": SAME, "minimum": SAME, "maximum": SAME, "count": "1"},
    ),
    _spec(
        "levels", InputKind.WAVEFORM, "levels:state_levels",
        "State levels of a two-level signal (IEEE 181)", "双电平信号的状态电平（IEEE 181）",
        quantities={"low": SAME, "high": SAME, "amplitude": SAME, "noise": SAME},
    ),
    _spec(
        "pulse", InputKind.WAVEFORM, "pulse:pulse_parameters",
        "Pulse parameters (IEEE 181)", "脉冲参数（IEEE 181）",
        quantities={
            "low": SAME, "high": SAME, "amplitude": SAME, "rise_time": "s", "fall_time": "s", "overshoot": "%",
            "undershoot": "%", "period": "s", "frequency": "Hz", "positive_width": "s", "negative_width": "s",
            "duty": "%", "transition_count": "1",
        },
        texts=("warning",),
    ),
    _spec(
        "settling", InputKind.WAVEFORM, "settling:settling",
        "Settling duration after rising transitions", "上升沿后的建立时间",
        quantities={"duration": "s", "pulse_count": "1"},
        parameters={"tolerance_percent": _number("band about the high state", "%", 2.0, high=10.0)},
    ),
    _spec(
        "jitter", InputKind.WAVEFORM, "jitter:jitter",
        "Jitter of a clock", "时钟抖动",
        quantities={
            "tie": "s", "period": "s", "cycle": "s", "tie_pp": "s", "slope_noise": "s", "edge_count": "1",
        },
    ),
    _spec(
        "rail", InputKind.WAVEFORM, "rail:rail",
        "Supply rail: mean, ripple and noise within a bandwidth", "电源轨：带宽内的均值、纹波与噪声",
        quantities={
            "mean": SAME, "minimum": SAME, "maximum": SAME, "ripple_pp": SAME, "ripple_rms": SAME, "noise_rms": SAME,
            "ripple_frequency": "Hz", "bandwidth": "Hz",
        },
        parameters={"bandwidth_hz": _number("bandwidth limit", "Hz", 20e6)},
    ),
    _spec(
        "dropouts", InputKind.WAVEFORM, "rail:dropouts",
        "Interruptions of a supply rail", "电源轨瞬断",
        quantities={
            "count": "1", "total_duration": "s", "longest": "s", "depth": SAME, "lowest": SAME, "nominal": SAME,
        },
        parameters={
            "nominal": _number("nominal value; the record's own if absent", SAME),
            "threshold_percent": _number("part of nominal below which the rail is interrupted", "%", 90.0, high=100.0),
            "minimum_s": _number("shortest interruption that counts", "s", 0.0),
        },
    ),
    _spec(
        "tone", InputKind.WAVEFORM, "spectrum:tone_metrics",
        "THD, SINAD, SNR, SFDR and ENOB of a sine (IEEE 1241)", "正弦信号的 THD、SINAD、SNR、SFDR 与 ENOB（IEEE 1241）",
        quantities={
            "frequency": "Hz", "amplitude": SAME, "sinad": "dB", "snr": "dB", "thd": "dB", "thd_percent": "%",
            "sfdr": "dB", "enob": "bit", "noise_rms": SAME,
        },
        parameters={
            "harmonics": _whole("highest harmonic that counts as distortion", 10, low=2, high=100),
            "full_scale": _number("range of the converter, peak to peak", SAME),
        },
    ),
    _spec(
        "thd_n", InputKind.WAVEFORM, "audio:thd_plus_noise",
        "Distortion and noise of an audio tone (AES17)", "音频单音的失真加噪声（AES17）",
        quantities={"frequency": "Hz", "level": SAME, "thd_n": "dB", "thd_n_percent": "%"},
        parameters={
            "low_hz": _number("lower end of the band", "Hz", 20.0),
            "high_hz": _number("upper end of the band", "Hz", 20_000.0),
        },
    ),
    _spec(
        "sine_fit", InputKind.WAVEFORM, "sine_fit:sine_fit_4",
        "4-parameter sine fit (IEEE 1057)", "四参数正弦拟合（IEEE 1057）",
        quantities={
            "frequency": "Hz", "amplitude": SAME, "phase": "rad", "offset": SAME, "residual_rms": SAME, "sinad": "dB",
            "enob": "bit",
        },
        parameters={"frequency_hz": _number("where to begin; the strongest line if absent", "Hz")},
    ),
    _spec(
        "frequency", InputKind.WAVEFORM, "frequency:frequency_error",
        "Frequency of a crystal or clock and its error", "晶振或时钟的频率及误差",
        quantities={"frequency": "Hz", "error": "[ppm]", "record_uncertainty": "[ppm]", "time_base": "[ppm]"},
        texts=("method", "warning"),
        parameters={
            "nominal_hz": _needed("nominal frequency", "Hz"),
            "time_base_ppm": _number("tolerance of the instrument's time base", "[ppm]"),
        },
    ),
    _spec(
        "hot_spots", InputKind.THERMAL, "thermal:hot_spots",
        "Hot spots of a thermal image", "热像图中的热点",
        quantities=_HOT_SPOT_FIELDS,
        parameters={
            "threshold_k": _number("how much warmer than what surrounds it", "K", 10.0),
            "against": Parameter(
                ParameterKind.TEXT, "what a spot stands out against", default="ambient",
                choices=("ambient", "neighbourhood"),
            ),
            "smallest_px": _whole("smallest area in pixels", 2, low=1, high=1_000_000),
        },
    ),
    _spec(
        "hot_spots_against", InputKind.THERMAL, "thermal:hot_spots_against",
        "Hot spots against a golden thermal image", "与标准热像图对比的热点",
        quantities=_HOT_SPOT_FIELDS,
        parameters={
            "reference": Parameter(ParameterKind.THERMAL, "thermal image of a good board"),
            "threshold_k": _number("how much warmer than on the good board", "K", 5.0),
            "smallest_px": _whole("smallest area in pixels", 2, low=1, high=1_000_000),
            "same_ambient": Parameter(
                ParameterKind.FLAG, "take off the difference of the rooms' temperatures", default=True
            ),
            "align": Parameter(ParameterKind.FLAG, "move the image onto the reference first", default=False),
        },
    ),
    _spec(
        "region", InputKind.THERMAL, "thermal:region",
        "Temperatures within a rectangle", "矩形区域内的温度",
        quantities={"mean": "Cel", "minimum": "Cel", "maximum": "Cel", "spread": "K"},
        parameters={
            "top": _pixel("first row"), "left": _pixel("first column"),
            "height": _pixel("rows", low=1), "width": _pixel("columns", low=1),
        },
    ),
    _spec(
        "bad_pixels", InputKind.THERMAL, "pixels:bad_pixel_count",
        "Bad pixels of a thermal camera", "热像仪坏点",
        quantities={"count": "1"}, texts=("places",),
        parameters={"threshold_k": _number("how far beyond its neighbours; 8 times the noise if absent", "K")},
        with_accuracy=False,
    ),
    _spec(
        "surface", InputKind.THERMAL, "radiometry:surface_temperature",
        "Surface temperature for an emissivity (ISO 18434-1)", "按发射率修正的表面温度（ISO 18434-1）",
        quantities={"maximum": "Cel", "minimum": "Cel", "mean": "Cel", "correction": "K"},
        parameters={
            "emissivity": Parameter(ParameterKind.NUMBER, "emissivity of the surface", low=0.05, high=1.0),
            "reflected_c": Parameter(
                ParameterKind.NUMBER, "temperature that the surface mirrors", "Cel", low=-273.15, high=5000.0
            ),
        },
    ),
    _spec(
        "registration", InputKind.THERMAL, "registration:registration",
        "Shift of a thermal image against the golden one", "热像图相对标准图的位移",
        quantities={"down": "1", "right": "1", "correlation": "1"},
        parameters={"reference": Parameter(ParameterKind.THERMAL, "thermal image of a good board")},
        with_accuracy=False,
    ),
    _spec(
        "time_constant", InputKind.WAVEFORM, "radiometry:time_constant",
        "Thermal time constant of a part", "元件的热时间常数",
        quantities={"tau": "s", "final": "Cel", "rise": "K"},
        with_accuracy=False,
    ),
    _spec(
        "stability", InputKind.WAVEFORM, "stability:stability",
        "Drift and Allan deviation of readings", "读数的漂移与阿伦偏差",
        quantities={"deviation": SAME, "tau": "s", "drift": f"{SAME}/s", "spread": SAME},
        parameters={"tau_s": _number("averaging time; the interval of the readings if absent", "s")},
        with_accuracy=False,
    ),
    _spec(
        "esr", InputKind.WAVEFORM, "current_step:esr_and_capacitance",
        "ESR and capacitance from a current step", "由电流阶跃求 ESR 与电容量",
        quantities={"esr": "Ohm", "capacitance": "F"},
        parameters={"current_a": Parameter(ParameterKind.NUMBER, "current that is switched on", "A")},
    ),
    _spec(
        "inrush", InputKind.WAVEFORM, "current_step:inrush",
        "Inrush current and its I²t", "浪涌电流及其 I²t",
        quantities={"peak": SAME, "i2t": "A2.s", "charge": "C", "duration": "s"},
    ),
    _spec(
        "load_step", InputKind.WAVEFORM, "current_step:load_step",
        "Answer of a rail to a load step", "电源轨的负载阶跃响应",
        quantities={"before": SAME, "after": SAME, "undershoot": SAME, "overshoot": SAME, "recovery": "s"},
        parameters={"band_percent": _number("band about the final value", "%", 2.0, high=50.0)},
    ),
    _spec(
        "sequencing", InputKind.WAVEFORMS, "sequencing:sequencing",
        "Order in which rails come up", "各电源轨的上电时序",
        quantities={"shortest_gap": "s", "total": "s"},
        texts=("order",),
        parameters={"percent": _number("part of the swing that counts as up", "%", 90.0, low=10.0, high=90.0)},
    ),
    _spec(
        "response", InputKind.WAVEFORMS, "response:response",
        "Gain and phase of the second signal against the first", "第二路信号相对第一路的增益与相位",
        quantities={"gain": DERIVED_UNIT, "gain_db": "dB", "phase": "deg"},
        parameters={"frequency_hz": _needed("frequency of the generator", "Hz")},
    ),
    _spec(
        "vi_signature", InputKind.WAVEFORMS, "response:vi_signature",
        "V-I signature of a part: voltage, then current", "元件的 V-I 特征曲线：先电压，后电流",
        quantities={"area": DERIVED_UNIT, "distance": "%"},
        parameters={
            "cycles": _whole("whole cycles in the record", 1, low=1, high=1_000_000),
            "reference": Parameter(ParameterKind.WAVEFORM, "current of a good part at the same voltages", default=None),
        },
        with_accuracy=False,
    ),
    _spec(
        "sidebands", InputKind.WAVEFORM, "current_signature:sidebands",
        "Sidebands in a motor's current (ISO 20958)", "电机电流的边带（ISO 20958）",
        quantities={"lower": "dB", "upper": "dB", "line": "Hz"},
        parameters={
            "line_hz": _needed("frequency of the supply", "Hz"),
            "offset_hz": _needed("distance of the sidebands", "Hz"),
        },
        with_accuracy=False,
    ),
    _spec(
        "uart", InputKind.WAVEFORM, "uart_line:uart_line",
        "Serial line: text, baud rate and its error", "串口线：文本、波特率及误差",
        quantities={"baud": "Bd", "baud_error": "%", "count": "1", "framing_errors": "1", "parity_errors": "1"},
        texts=("text",),
        parameters={
            "baud": _needed("expected rate", "Bd"),
            "data_bits": _whole("data bits of a frame", 8, low=5, high=9),
            "parity": Parameter(ParameterKind.TEXT, "parity bit", default="none", choices=("none", "even", "odd")),
            "inverted": Parameter(ParameterKind.FLAG, "the line idles low (EIA-232 levels)", default=False),
        },
    ),
    _spec(
        "i2c", InputKind.WAVEFORMS, "bus_lines:i2c_lines",
        "I²C traffic: SCL, then SDA", "I²C 总线通信：先 SCL，后 SDA",
        quantities=_BUS_FIELDS, texts=("text",), with_accuracy=False,
    ),
    _spec(
        "spi", InputKind.WAVEFORMS, "bus_lines:spi_lines",
        "SPI traffic: clock, MOSI, MISO (with four lines), CS#", "SPI 总线通信：时钟、MOSI、MISO（四线时）、CS#",
        quantities=_BUS_FIELDS, texts=("text",),
        parameters={
            "mode": _whole("clock polarity and phase", 0, low=0, high=3),
            "msb_first": Parameter(ParameterKind.FLAG, "most significant bit first", default=True),
        },
        with_accuracy=False,
    ),
    _spec(
        "onewire", InputKind.WAVEFORM, "bus_lines:onewire_line",
        "1-Wire traffic", "1-Wire 总线通信",
        quantities=_BUS_FIELDS, texts=("text",),
        parameters={"overdrive": Parameter(ParameterKind.FLAG, "ten times the standard speed", default=False)},
        with_accuracy=False,
    ),
    _spec(
        "ws2812", InputKind.WAVEFORM, "bus_lines:ws2812_line",
        "WS2812 light-emitting diodes: what their line says", "WS2812 灯珠数据线内容",
        quantities=_BUS_FIELDS, texts=("text",),
        parameters={"reset_s": _number("low level that ends a frame", "s", 50e-6)},
        with_accuracy=False,
    ),
    _spec(
        "can", InputKind.WAVEFORM, "bus_lines:can_line",
        "CAN traffic", "CAN 总线通信",
        quantities=_BUS_FIELDS, texts=("text",),
        parameters={"bit_rate_hz": _needed("bit rate", "Hz")},
        with_accuracy=False,
    ),
    _spec(
        "eye", InputKind.WAVEFORM, "eye:eye",
        "Eye diagram and mask test", "眼图与模板测试",
        quantities={
            "unit_interval": "s", "height": SAME, "width": "s", "q": "1", "jitter": "s", "mask_hits": "1",
        },
        parameters={
            "bit_rate_hz": _number("expected bit rate; found from the edges if absent", "Hz"),
            "mask_width_ui": _number("width of the mask in unit intervals", "1", 0.4, high=1.0),
            "mask_height_percent": _number("height of the mask, of the amplitude", "%", 40.0, high=100.0),
        },
    ),
    _spec(
        "golden", InputKind.WAVEFORMS, "golden:golden_comparison",
        "A record against those of good units (device first)", "与合格样机波形对比（被测件在前）",
        quantities={
            "worst": "1", "limit": "1", "outside": "%", "worst_at": "s", "delay": "s",
        },
        flags=("matches",),
        parameters={
            "false_reject": _number("chance of refusing a good unit", "1", 0.001, low=1e-9, high=0.5),
        },
    ),
    _spec(
        "golden_mask", InputKind.WAVEFORMS, "mask:golden_mask",
        "Waveform, spectrum, response or V-I curve against a mask learned from good units",
        "波形、频谱、频响或 V-I 曲线与良品学习模板对比",
        quantities=_MASK_FIELDS, texts=("place",), flags=("matches",),
        parameters={
            "mask": _MASK,
            "kind": Parameter(
                ParameterKind.TEXT, "what of the record is compared", default="waveform",
                choices=("waveform", "spectrum", "response", "vi"),
            ),
        },
        with_accuracy=False,
    ),
    _spec(
        "golden_heat", InputKind.THERMAL, "mask:golden_heat",
        "Heat map against a mask learned from good units", "热像图与良品学习模板对比",
        quantities=_MASK_FIELDS, texts=("place",), flags=("matches",), parameters={"mask": _MASK}, with_accuracy=False,
    ),
    _spec(
        "boot_log", InputKind.TEXT, "serial_log:boot_log",
        "Boot log: boots, resets, panics, firmware version", "启动日志：启动次数、复位、崩溃、固件版本",
        quantities={"boots": "1", "abnormal_resets": "1", "panics": "1", "errors": "1"},
        texts=("reset_cause", "panic", "firmware_version", "partition_message", "first_error"),
        flags=("boot_loop", "ready", "missing_partition"),
        with_accuracy=False,
    ),
)  # fmt: skip

CATALOGUE: Mapping[str, AnalysisSpec] = {spec.name: spec for spec in _SPECS}
