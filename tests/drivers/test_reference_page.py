"""The reference page of the profiles: complete, with limits as declared, and a table that stays a table."""

import re
from pathlib import Path

import pytest

from drivers import reference_page
from drivers.registry import SHIPPED_PROFILES, profiles
from drivers.scpi.multimeter_model import ScpiMultimeterProfile
from drivers.serial_meter_model import SerialMeterProfile

PAGE = reference_page.instruments_page()


def rows(text: str) -> list[list[str]]:
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("| ")]


def test_every_profile_has_its_row() -> None:
    table = rows(PAGE.split("\n## ")[0])
    assert {len(row) for row in table} == {9}
    assert [row[0].strip(" `") for row in table[1:]] == sorted(path.stem for path in SHIPPED_PROFILES.glob("*.yaml"))
    for row in table[1:]:
        assert all(cell.strip() for cell in row)
        profile = profiles()[row[0].strip(" `")]
        assert all(address.replace("|", "\\|") in row[4] for address in profile.addresses)
        assert all(source.document in row[8] for source in profile.sources)


def test_every_range_of_every_meter_is_listed() -> None:
    for name, profile in profiles().items():
        if isinstance(profile, ScpiMultimeterProfile | SerialMeterProfile):
            section = PAGE.split(f"(`{name}`)\n")[1].split("\n### ")[0]
            assert {row[0].strip().replace(" ", "_") for row in rows(section)[1:]} == set(profile.functions)


def test_limits_are_written_as_declared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "| dc voltage | 6 V | 0.01 % of reading + 6 counts of 0.0001 |" in PAGE
    assert "| dc voltage | 600, 1000 V | none given |" in PAGE
    meter = (SHIPPED_PROFILES / "siglent-sdm3045x.yaml").read_text()
    changed = meter.replace("percent_of_reading: 0.01,", "percent_of_reading: 0.5, from_value: 1, to_value: 3,")
    (tmp_path / "siglent-sdm3045x.yaml").write_text(changed.replace("maker: Siglent Technologies", "maker: A|B"))
    monkeypatch.setattr(reference_page, "SHIPPED_PROFILES", tmp_path)
    page = reference_page.instruments_page()
    assert "| dc voltage | 6 V | 0.5 % of reading + 6 counts of 0.0001 (from 1 to 3 V) |" in page
    assert {len(row) for row in rows(page.split("\n## ")[0])} == {9}
