"""The physics of the simulated device: a healthy one passes, and each fault changes what it should and nothing else."""

import numpy as np
import pytest
from simulated_workbench import Workbench

from drivers.simulated import firmware, heat
from drivers.simulated.console import ConsoleSession
from drivers.simulated.mlx90640 import ADDRESS, NEW_DATA, RAM, STATUS, Mlx90640
from drivers.simulated.products import sp100
from drivers.simulated.rails import Feed
from drivers.simulated.uart import Receiver
from drivers.simulated.wiring import edge_frequency
from protocols.sc18im700 import I2cMessage


def observe(workbench, seconds=1.0):
    """Measure everything that a bench can see of a powered device."""
    device, start = workbench.device, workbench.clock.now_s
    slow = start + np.arange(200_000) * (seconds / 200_000)
    fast = start + np.arange(4_000) * 50e-9
    rail_3v3 = device.voltage("TP_3V3", slow)
    relay = device.voltage("TP_RELAY", slow)
    edge = (
        slow[np.flatnonzero(np.diff((relay > 0.1 * relay.max()).astype(int)) > 0)[:1]] if relay.max() > 1 else slow[:0]
    )
    hot = device.temperatures_c(start + 20.0)
    log = Receiver().decode(device.uart_frames(workbench.powered_at_s, start)).decode("latin-1")
    readings = [device.supply_reading(start + offset) for offset in np.arange(0, 0.5, 0.01)]
    sda = device.voltage("TP_SENSOR_SDA", slow)
    return {
        "rail 5 V low": device.voltage("TP_5V", slow).mean() < 4.8,
        "rail 3.3 V low": np.median(rail_3v3) < 3.2,
        "rail drops": bool(rail_3v3.min() < 2.0 < np.median(rail_3v3)),
        "ripple": bool(np.ptp(device.voltage("TP_5V", fast, bandwidth_hz=20e6)) > 0.05),
        "current limited": any(reading[2] for reading in readings),
        "current high": max(reading[1] for reading in readings) > 0.15,
        "hot spots": hot_parts(hot),
        "crystal off": abs(edge_frequency(lambda t: device.voltage("TP_XTAL", t), start) / 8e6 - 1) > 50e-6,
        "log readable": "SP-100 loader 2.1\r\nreset: power-on\r\n" in log,
        "crc error": "crc error" in log,
        "resets": log.count("SP-100 loader") > 1,
        "sensor error": "SDA stuck low" in log,
        "bus stuck": sda.max() < 1.0,
        "relay weak": bool(np.percentile(relay, 95) < 4.0),
        "relay slow": bool((device.voltage("TP_RELAY", edge + 2e-4) < 0.8 * relay.max()).any()),
    }


def hot_parts(field):
    return tuple(
        part for part, spot in heat.SPOTS.items() if field[round(spot.row), round(spot.column)] > heat.AMBIENT_C + 25
    )


TEST_POINTS = tuple(sp100.PRODUCT.points)
FAULTS = sp100.PRODUCT.faults_found_by("functional")
HEALTHY = {
    "rail 5 V low": False,
    "rail 3.3 V low": False,
    "rail drops": False,
    "ripple": False,
    "current limited": False,
    "current high": False,
    "hot spots": (),
    "crystal off": False,
    "log readable": True,
    "crc error": False,
    "resets": False,
    "sensor error": False,
    "bus stuck": False,
    "relay weak": False,
    "relay slow": False,
}
UNPOWERED_MCU = {"log readable": False, "crystal off": True, "bus stuck": True, "relay weak": True}
CHANGES = {
    "dried_capacitor": {"ripple": True},
    "leaky_ldo": {"rail 3.3 V low": True, "current high": True, "hot spots": ("U2",)},
    # the reset comes before the relay has started, twice a second
    "cold_joint": {"rail drops": True, "resets": True},
    "wrong_crystal": {"crystal off": True, "log readable": False},
    "corrupted_firmware": {"crc error": True, "resets": True, "relay weak": True},
    "shorted_load": {
        **UNPOWERED_MCU,
        "rail 5 V low": True,
        "rail 3.3 V low": True,
        "current limited": True,
        "current high": True,
        "hot spots": ("C7",),
    },
    "broken_sensor_bus": {"sensor error": True, "bus stuck": True},
    "weak_relay_drive": {"relay weak": True, "relay slow": True},
}


def test_a_healthy_device_shows_nothing_wrong(powered):
    assert observe(powered()) == HEALTHY


def test_every_fault_is_covered():
    assert set(CHANGES) == set(FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_changes_exactly_what_it_should(powered, fault):
    seen = observe(powered(fault))
    expected = {**HEALTHY, **CHANGES[fault]}
    if fault == "cold_joint":  # whether the relay gets as far as switching depends on the moment of the drop
        expected["relay weak"], expected["relay slow"] = seen["relay weak"], seen["relay slow"]
    assert seen == expected


@pytest.mark.parametrize("fault", FAULTS)
def test_a_repaired_device_is_healthy_again(powered, fault):
    workbench = powered(fault)
    assert workbench.device.faults == {fault}
    workbench.device.power(Feed())
    workbench.clock.now_s += 60.0
    workbench.device.repair(fault)
    workbench.power()
    seen = observe(workbench)
    assert workbench.device.faults == frozenset()
    assert {name: value for name, value in seen.items() if value != HEALTHY[name]} == {}


def test_a_repaired_board_comes_back_as_warm_as_the_room(powered):
    """How soon after a repair a quick bench measures again is no property of the board."""
    workbench = powered("leaky_ldo")
    workbench.clock.now_s += 20.0
    assert workbench.device.temperatures_c(workbench.clock.now_s).max() > 60.0
    workbench.device.power(Feed())
    workbench.device.repair("leaky_ldo")
    assert workbench.device.temperatures_c(workbench.clock.now_s).max() == pytest.approx(heat.AMBIENT_C)


def test_an_unpowered_board_is_dead(powered):
    workbench = powered()
    workbench.device.power(Feed())
    workbench.clock.now_s += 1.0
    times = workbench.clock.now_s + np.arange(1000) * 1e-4
    for point in TEST_POINTS:
        assert np.abs(workbench.device.voltage(point, times)).max() < 1e-3, point
    assert workbench.device.uart_frames(times[0], times[-1]).values.size == 0


def test_the_same_instant_has_the_same_value_at_any_sample_rate(powered):
    device = powered().device
    coarse = 4.0 + np.arange(1_000) * 1e-6
    fine = 4.0 + np.arange(100_000) * 1e-8
    for point in TEST_POINTS:
        np.testing.assert_allclose(
            device.voltage(point, fine)[::100], device.voltage(point, coarse), atol=1e-6, err_msg=point
        )


def test_the_seed_makes_the_noise():
    times = 4.0 + np.arange(1000) * 1e-6
    one, same, other = (Workbench(seed=seed).power().device.voltage("TP_3V3", times) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-4


def test_currents_and_voltages_obey_ohms_law(powered):
    device = powered().device
    for at_s in (4.0, 4.25):
        terminal, current, limited = device.supply_reading(at_s)
        rail = device.voltage("TP_5V", at_s + np.arange(2000) * 1e-6).mean()
        assert not limited
        assert terminal == pytest.approx(5.0, abs=1e-6)
        # leads and converter, 0.65 Ω, carry what the rail draws (the supply's current less the converter's own 12 mA)
        assert terminal - rail == pytest.approx((current - 0.012) * 0.65, abs=1e-3)


@pytest.mark.parametrize("limit_a", [0.05, 0.3, 2.0])
def test_a_short_draws_what_the_limit_allows(powered, limit_a):
    device = powered("shorted_load", limit_a=limit_a).device
    terminal, current, limited = device.supply_reading(4.0)
    rail = device.voltage("TP_5V", 4.0 + np.arange(2000) * 1e-6).mean()
    assert limited
    assert current == pytest.approx(limit_a)
    assert rail < limit_a * 1.2
    assert terminal == pytest.approx(rail + 0.65 * limit_a, abs=0.65 * 0.02)


def test_the_regulator_warms_up_with_its_time_constant(powered):
    device = powered("leaky_ldo").device
    spot = heat.SPOTS["U2"]
    rise = [device.temperatures_c(1.0 + t)[round(spot.row), round(spot.column)] - 25.0 for t in (4.0, 60.0)]
    assert rise[1] > 50.0
    assert rise[0] / rise[1] == pytest.approx(1 - np.exp(-1), abs=0.01)


def test_uart_frames_carry_the_crystals_error(powered):
    nominal = powered().device.uart_frames(1.0, 4.0).baud
    slow = powered("wrong_crystal").device.uart_frames(1.0, 4.0).baud
    assert nominal == pytest.approx(115200, rel=20e-6)
    assert slow == pytest.approx(115200 * 7.3728 / 8, rel=1e-9)


@pytest.mark.parametrize("error, readable", [(-0.03, True), (0.03, True), (-0.07, False), (0.07, False)])
def test_a_receiver_tolerates_a_small_error_of_the_rate(powered, error, readable):
    frames = powered().device.uart_frames(1.0, 4.0)
    text = Receiver(115200 * (1 + error)).decode(frames)
    assert (text == frames.values.tobytes()) is readable


def test_flashing_a_good_image_cures_corrupted_firmware(powered):
    device = powered("corrupted_firmware").device
    device.mcu_flash[: firmware.IMAGE_SIZE] = firmware.good_image("1.5.0")
    assert device.faults == frozenset()
    device.reset()
    boot = device.boot_at(device.now() + 0.5)
    assert boot is not None
    assert boot.image.version == "1.5.0"
    assert boot.runs_application


def test_images_are_made_by_rule():
    assert firmware.good_image() == firmware.good_image(firmware.CURRENT_VERSION)
    assert firmware.check(firmware.good_image()).good
    assert not firmware.check(firmware.corrupted_image()).good
    assert not firmware.check(b"\xff" * firmware.FLASH_SIZE).loader_runs


def test_erased_flash_is_silent(powered):
    device = powered().device
    device.mcu_flash[:] = b"\xff" * firmware.FLASH_SIZE
    device.strap_boot0(False)
    assert device.uart_frames(device.now(), device.now() + 3.0).values.size == 0


def test_a_console_that_is_late_to_look_loses_nothing_of_the_log():
    """How busy the machine is must not decide what the device has said; of skipped hours only the end is heard."""
    workbench = Workbench()
    session = ConsoleSession(workbench.device)
    session.opened()
    workbench.power(settle_s=3.6)
    log = session.poll().decode()
    assert log.splitlines()[1:3] == ["SP-100 loader 2.1", "reset: power-on"] and log.count("status: ") == 3
    workbench.clock.now_s += 7200.0
    assert session.poll().count(b"status: ") <= 10


@pytest.mark.parametrize("waits", [True, False])
def test_the_camera_sees_new_noise_whenever_it_looks(waits):
    """Also at no pace, where pictures are counted: the first one of each device would else have the same noise."""

    def first_picture(at_s):
        workbench = Workbench()
        camera = Mlx90640(workbench.device, waits=lambda: waits)
        workbench.clock.now_s = at_s
        status, ram = (
            camera.transfer([I2cMessage(ADDRESS, register.to_bytes(2, "big")), I2cMessage(ADDRESS, count=count)])[0]
            for register, count in ((STATUS, 2), (RAM, 2 * 768))
        )
        assert status[1] & NEW_DATA
        return status[1] & 1, ram

    one, same, later = (first_picture(at_s) for at_s in (9.0, 9.0, 11.0))
    assert one == same
    assert one[0] == later[0] and one[1] != later[1]


def test_console_commands_reach_the_application(powered):
    workbench = powered()
    workbench.device.command("relay on")
    workbench.clock.now_s += 1.0
    now = workbench.clock.now_s
    assert workbench.device.voltage("TP_RELAY", now + np.arange(10_000) * 1e-4).min() > 4.5
    workbench.device.command("reset")
    log = Receiver().decode(workbench.device.uart_frames(now, now + 1.0))
    assert b"reset: software" in log


def test_unknown_names_are_refused_with_those_that_exist(powered):
    device = powered().device
    with pytest.raises(ValueError, match="dried_capacitor"):
        device.inject("rust")
    with pytest.raises(ValueError, match="TP_3V3"):
        device.voltage("TP_12V", np.zeros(1))
