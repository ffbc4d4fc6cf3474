"""Capture files beside programs that are not ours: soundfile writes WAV, RigolWFM reads what we read."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from rigol_files import rigol_2000, rigol_b, rigol_c, rigol_dho, rigol_e

from protocols.captures import read_capture

PEERS = Path(__file__).parent.parent.parent / ".venv" / "peers"
"""Where ``make test`` installs what nothing else needs."""


@pytest.fixture(scope="module")
def soundfile() -> Iterator[ModuleType]:
    """Import soundfile from the peers' folder; numpy stays ours."""
    sys.path.append(str(PEERS))
    try:
        yield importlib.import_module("soundfile")
    except ImportError as error:
        pytest.skip(f"soundfile is not in {PEERS} ({error}); make test installs it")
    finally:
        sys.path.remove(str(PEERS))


@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
@pytest.mark.parametrize("form", ["WAV", "WAVEX", "RF64"])
def test_every_wav_that_soundfile_writes_is_read(soundfile: ModuleType, form: str, endian: str, tmp_path: Path) -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, (200, 3))
    read = 0
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"):
        if not soundfile.check_format(form, subtype, endian):
            continue
        file = tmp_path / f"{subtype}.wav"
        soundfile.write(file, samples, 44_100, subtype, endian, form)
        expected, rate = soundfile.read(file, always_2d=True)
        found = read_capture(file.read_bytes(), file.name).analog
        assert [wave.name for wave in found] == ["CH1", "CH2", "CH3"]
        for column, wave in enumerate(found):
            assert wave.sample_rate_hz == pytest.approx(rate)
            np.testing.assert_allclose(wave.values(), expected[:, column], atol=1e-9, err_msg=f"{form} {subtype}")
        read += 1
    assert read == 6 or endian == "BIG"


def _bytes(seed: int) -> bytes:
    return np.random.default_rng(seed).integers(20, 230, 64, dtype=np.uint8).tobytes()


def _words(seed: int) -> list[int]:
    return [int(word) for word in np.random.default_rng(seed).integers(1, 65_535, 64)]


FILES = {
    "B": lambda: rigol_b(_bytes(1), None, _bytes(2)),
    "C": lambda: rigol_c(0xA1, _bytes(1), _bytes(2)),
    "E": lambda: rigol_e(_bytes(1), _bytes(2)),
    "2": lambda: rigol_2000(samples=(_bytes(1), _bytes(2))),
    "4": lambda: rigol_2000(b"DS4A20", (_bytes(1), _bytes(2)), switch=1),
    "6": lambda: rigol_2000(b"DS6A", (_bytes(1), _bytes(2)), switch=1),
    "DHO800": lambda: rigol_dho(5, _words(1), _words(2)),
    "DHO1000": lambda: rigol_dho(9, _words(1)),
}


THEIRS = """
import json, sys
sys.path.append(sys.argv[1])
import RigolWFM.wfm
found = {}
for family in sys.argv[3:]:
    channels = RigolWFM.wfm.Wfm.from_file(f"{sys.argv[2]}/{family}.wfm", family).channels
    found[family] = {f"CH{c.channel_number}": [c.times[0], c.volts.tolist()] for c in channels if c.enabled}
print(json.dumps(found))
"""


def test_rigolwfm_reads_the_same(tmp_path: Path) -> None:
    """In a process of its own: it leaves files open."""
    if not (PEERS / "RigolWFM").is_dir():
        pytest.skip(f"RigolWFM is not in {PEERS}; make test installs it")
    for family, build in FILES.items():
        (tmp_path / f"{family}.wfm").write_bytes(build())
    command = [sys.executable, "-W", "ignore", "-c", THEIRS, str(PEERS), str(tmp_path), *FILES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    for family, theirs in json.loads(done.stdout).items():
        ours = {wave.name: wave for wave in read_capture((tmp_path / f"{family}.wfm").read_bytes(), family).analog}
        assert set(theirs) == set(ours), family
        for name, (start_s, volts) in theirs.items():
            wave = ours[name]
            atol = 1e-6 * float(np.abs(wave.values()).max())
            np.testing.assert_allclose(volts, wave.values(), rtol=0, atol=atol, err_msg=family)
            assert start_s == pytest.approx(wave.start_s, abs=0.01 * wave.sample_interval_s), family
