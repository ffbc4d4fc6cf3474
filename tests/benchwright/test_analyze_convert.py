"""benchwright analyze --convert: a packed capture becomes a sigrok session, and bad input one sentence."""

import numpy as np
from typer.testing import CliRunner

from benchwright.commands.analyze import app
from benchwright.errors import UsageError
from protocols.captures import read_capture
from protocols.captures.packed import write_packed
from protocols.waveform import Capture, Waveform


def test_a_packed_capture_becomes_a_sigrok_session(tmp_path):
    wave = Waveform("CH1", np.arange(-500, 500, dtype=np.int16), 1e-6, scale=0.01)
    packed = tmp_path / "a.bwc"
    packed.write_bytes(write_packed(Capture(analog=(wave,))))
    target = tmp_path / "a.sr"
    done = CliRunner().invoke(app, [str(packed), "--convert", str(target)])
    assert done.exit_code == 0, done.output
    read = read_capture(target.read_bytes(), target.name).analog[0]
    assert np.allclose(read.values(), wave.values(), atol=1e-6)
    again = CliRunner().invoke(app, [str(packed), "--convert", str(target)])
    assert isinstance(again.exception, UsageError)
    assert "give a new file" in str(again.exception)
    two = CliRunner().invoke(app, [str(packed), str(packed), "--convert", str(tmp_path / "b.sr")])
    assert "takes one file" in str(two.exception)


def test_what_a_file_does_not_say_is_given(tmp_path):
    bare = tmp_path / "bare.csv"
    bare.write_text("CH1 (V)\n1.5\n2.5\n1.5\n")
    asked = CliRunner().invoke(app, [str(bare)])
    assert "give the sample rate (sample_rate_hz)" in str(asked.exception)
    packed = tmp_path / "bare.bwc"
    told = CliRunner().invoke(app, [str(bare), "--sample-rate-hz", "1e6", "--convert", str(packed)])
    assert told.exit_code == 0, told.output
    assert read_capture(packed.read_bytes(), packed.name).analog[0].sample_interval_s == 1e-6
    bounded = CliRunner().invoke(app, [str(packed), "--limit-bytes", "8"])
    assert "raise limit_bytes if you trust this file" in str(bounded.exception)
    assert CliRunner().invoke(app, [str(packed)]).exit_code == 0
