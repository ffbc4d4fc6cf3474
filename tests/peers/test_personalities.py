"""pyvisa with instruments that are played by their profiles: words written out, as the makers' guides print them."""

import pytest
import pyvisa

from drivers.simulated.personality import PlayedBench


@pytest.mark.parametrize(
    ("profile", "dialogue"),
    [
        ("rigol-dm3058", [("CONFigure:VOLTage:DC 20", None), ("READ?", 3.298), ("VOLTage:DC:RANGe?", 20.0)]),
        ("rigol-dp832", [(":SOURce1:VOLTage 4.2", None), (":SOURce1:VOLTage?", 4.2), (":OUTPut? CH1", 0.0)]),
        ("siglent-sdl1020x", [(":SOURce:INPut ON", None), (":SOURce:INPut?", 1.0), (":MEASure:CURRent?", 0.0)]),
    ],
)
def test_pyvisa_speaks_to_a_personality(profile: str, dialogue, tmp_path) -> None:
    with PlayedBench([profile], directory=tmp_path) as bench:
        ((role, (_, address)),) = bench.instruments.items()
        if role == "meter":
            bench.wiring.connect("meter", "TP_3V3")
        manager = pyvisa.ResourceManager("@py")
        instrument = manager.open_resource(address, read_termination="\n", write_termination="\n", timeout=3000)
        try:
            assert instrument.query("*IDN?") == bench.players[role].profile.identity.example
            for message, expected in dialogue:
                if expected is None:
                    instrument.write(message)
                else:
                    assert float(instrument.query(message)) == pytest.approx(expected, abs=0.02)
        finally:
            instrument.close()
            manager.close()
