"""Boot logs as devices write them: loops, resets, panics, versions, lost partitions."""

import pytest
from analysis_signals import reason, value
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis.serial_log import BootLog, boot_log

SP100_GOOD = """
SP-100 loader 2.1
reset: power-on
clock: HSE 8000000 Hz, uart 115200
spi flash: id ef4018, 16384 KiB
part app: 0x08004000 20000 B, crc 1a2b3c4d ok
app: SP-100 1.4.2 start
i2c: sensor TMP102 at 0x48 ok
app: ready
"""
SP100_LOOP = "".join(
    f"""
SP-100 loader 2.1
reset: {cause}
clock: HSE 8000000 Hz, uart 115200
part app: 0x08004000 20000 B, crc error: stored 1a2b3c4d, computed 5e6f7788
boot: no valid application, restart in 1 s
"""
    for cause in ("power-on", "software", "software")
)
ESP32_PANIC = "".join(
    f"""
ets Jun  8 2016 00:22:57

rst:{code},boot:0x13 (SPI_FAST_FLASH_BOOT)
entry 0x400806a8
\x1b[0;32mI (29) boot: ESP-IDF v5.1 2nd stage bootloader\x1b[0m
\x1b[0;32mI (238) cpu_start: App version:      v2.0.1-7\x1b[0m
\x1b[0;32mI (300) main_task: Calling app_main()\x1b[0m
Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.
Rebooting...
"""
    for code in ("0x1 (POWERON_RESET)", "0xc (SW_CPU_RESET)", "0xc (SW_CPU_RESET)")
)
ESP32_ERASED = """
rst:0x10 (RTCWDT_RTC_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)
invalid header: 0xffffffff
invalid header: 0xffffffff
"""
ESP32_NO_APP = """
rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)
E (132) boot: Factory app partition is not bootable
E (138) boot: No bootable app partitions in the partition table
"""
BROWN_OUT = """
I (300) main_task: Calling app_main()
Brownout detector was triggered

ets Jun  8 2016 00:22:57
rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)
"""
LINUX = """
U-Boot 2022.01 (Jan 10 2022 - 18:46:34 +0000)
[    0.000000] Booting Linux on physical CPU 0x0
[    1.52] VFS: Unable to mount root fs on unknown-block(179,2)
[    1.53] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(179,2)
"""


def read(text: str) -> BootLog:
    found = boot_log(text)
    assert isinstance(found, BootLog), found
    return found


def test_a_healthy_boot() -> None:
    found = read(SP100_GOOD)
    assert value(found.boots) == 1
    assert (found.boot_loop, found.ready, found.missing_partition) == (False, True, False)
    assert (found.reset_cause, found.firmware_version) == ("power-on", "1.4.2")
    assert value(found.panics) == value(found.abnormal_resets) == value(found.errors) == 0


def test_a_corrupted_application_loops() -> None:
    found = read(SP100_LOOP)
    assert value(found.boots) == 3
    assert (found.boot_loop, found.ready, found.missing_partition) == (True, False, True)
    assert found.partition_message.startswith("part app:")
    assert found.reset_causes == ("power-on", "software", "software")
    assert "no firmware version" in reason(found.firmware_version)


def test_a_panic_loop_with_colours() -> None:
    found = read(ESP32_PANIC)
    assert (value(found.boots), value(found.panics)) == (3, 3)
    assert found.boot_loop
    assert "LoadProhibited" in found.panic
    assert found.firmware_version == "2.0.1-7"
    assert found.reset_cause == "software"


@pytest.mark.parametrize(("text", "message"), [(ESP32_ERASED, "0xffffffff"), (ESP32_NO_APP, "not bootable")])
def test_lost_partitions(text, message) -> None:
    found = read(text)
    assert found.missing_partition
    assert message in found.partition_message


def test_reset_causes() -> None:
    assert read(ESP32_ERASED).reset_cause == "watchdog"
    assert read(BROWN_OUT).reset_cause == "brown-out"
    assert read("Reset reason: independent watchdog").reset_cause == "watchdog"
    assert read(" ets Jan  8 2013,rst cause:4, boot mode:(3,6)").reset_cause == "watchdog"
    assert value(read(BROWN_OUT).abnormal_resets) == 1


def test_linux_without_a_root() -> None:
    found = read(LINUX)
    assert value(found.boots) == 1
    assert "Kernel panic" in found.panic
    assert found.missing_partition


def test_intermittent_power_resets_a_good_device_without_being_a_loop() -> None:
    found = read(SP100_GOOD + SP100_GOOD.replace("power-on", "brown-out") * 3)
    assert value(found.boots) == 4
    assert not found.boot_loop
    assert value(found.abnormal_resets) == 3


def test_silence_and_a_wrong_baud_rate_have_no_answer() -> None:
    assert "said nothing" in reason(boot_log("\n \n"))
    assert "wrong baud rate" in reason(boot_log("\ufffd\x00\x8a\ufffd" * 40))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=2000))
def test_any_text_is_read_or_refused(text) -> None:
    boot_log(text)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(SP100_LOOP)))
def test_a_log_cut_anywhere_never_has_more_boots(cut) -> None:
    found = boot_log(SP100_LOOP[:cut])
    if isinstance(found, BootLog):
        assert value(found.boots) <= 3
