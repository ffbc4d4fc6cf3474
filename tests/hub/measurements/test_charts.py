"""Q7: control limits and gauge R&R against worked examples that are published with their results."""

import pytest

from hub.measurements.charts import A2, D2, D4, control_chart
from hub.measurements.gauge import f_upper_tail, gauge_study

# NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2: flow rates.
FLOW = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
# AIAG MSA, 4th edition, chapter III B: ten parts, three appraisers, three trials each.
AIAG = {
    "A": """0.29 -0.56 1.34 0.47 -0.80 0.02 0.59 -0.31 2.26 -1.36
            0.41 -0.68 1.17 0.50 -0.92 -0.11 0.75 -0.20 1.99 -1.25
            0.64 -0.58 1.27 0.64 -0.84 -0.21 0.66 -0.17 2.01 -1.31""",
    "B": """0.08 -0.47 1.19 0.01 -0.56 -0.20 0.47 -0.63 1.80 -1.68
            0.25 -1.22 0.94 1.03 -1.20 0.22 0.55 0.08 2.12 -1.62
            0.07 -0.68 1.34 0.20 -1.28 0.06 0.83 -0.34 2.19 -1.50""",
    "C": """0.04 -1.38 0.88 0.14 -1.46 -0.29 0.02 -0.46 1.77 -1.49
            -0.11 -1.13 1.09 0.20 -1.07 -0.67 0.01 -0.56 1.45 -1.77
            -0.15 -0.96 0.67 0.11 -1.45 -0.49 0.21 -0.49 1.87 -2.16""",
}


def aiag_cells() -> list[list[list[float]]]:
    rows = {who: [[float(one) for one in line.split()] for line in text.splitlines()] for who, text in AIAG.items()}
    return [[[trial[part] for trial in rows[who]] for who in "ABC"] for part in range(10)]


def test_individuals_chart_of_the_nist_handbook() -> None:
    chart = control_chart([[one] for one in FLOW])
    assert chart.location.centre == pytest.approx(50.81)
    assert chart.spread.centre == pytest.approx(1.8778, abs=5e-5)
    assert (chart.location.low, chart.location.high) == pytest.approx((45.8159, 55.8041), abs=2e-3)
    assert chart.in_control


@pytest.mark.parametrize("value", [3.6108, 0.1, -1e9 / 3, 0.0])
@pytest.mark.parametrize("size", [1, 3])
def test_an_artifact_that_never_moves_is_in_control(value: float, size: int) -> None:
    """The mean of equal readings may lie an ulp beside them, with limits on top of it."""
    for count in range(8, 60):
        assert control_chart([[value] * size] * count).in_control, count


def test_a_hair_beyond_limits_that_have_no_width_is_still_a_signal() -> None:
    assert control_chart([[3.6108]] * 39 + [[3.6109]]).location.beyond == (39,)


def test_means_and_ranges_have_the_limits_of_the_constants() -> None:
    groups = [[10.0 + n % 3, 11.0 + n % 3, 12.0 + n % 3] for n in range(9)]
    chart = control_chart(groups)
    assert (chart.location.centre, chart.spread.centre) == pytest.approx((12.0, 2.0))
    assert chart.location.high == pytest.approx(12.0 + A2[3] * 2.0)
    assert chart.spread.high == pytest.approx(D4[3] * 2.0)
    assert chart.sigma == pytest.approx(2.0 / D2[3])


def test_a_jump_is_beyond_the_limits_and_a_shift_is_a_run() -> None:
    steady = [10.0 + 0.1 * (-1) ** n for n in range(20)]
    assert control_chart([[one] for one in [*steady, 12.0]]).location.beyond == (20,)
    shifted = control_chart([[one] for one in [*steady, *(one + 0.2 for one in steady[:9])]])
    assert shifted.location.shifted
    assert not shifted.in_control
    for few, words in (([[1.0]] * 7, "7 points are too few"), ([[1.0]] * 8 + [[1.0, 2.0]], "differ in size")):
        with pytest.raises(ValueError, match=words):
            control_chart(few)


def test_gauge_study_of_the_aiag_manual() -> None:
    """Sums of squares, pooled standard deviations, and ndc as the manual prints them."""
    study = gauge_study(aiag_cells(), tolerance=4.0)
    assert (study.parts, study.appraisers, study.trials) == (10, 3, 3)
    assert study.interaction_p == pytest.approx(0.974, abs=1e-3)
    assert study.interaction == 0.0, "not significant: pooled"
    assert study.repeatability == pytest.approx(0.199933, abs=1e-6)
    assert study.reproducibility == pytest.approx(0.226838, abs=1e-6)
    assert study.gauge == pytest.approx(0.302373, abs=2e-6)
    assert study.part_variation == pytest.approx(1.042327, abs=1e-6)
    assert study.percent_of_study == pytest.approx(27.9, abs=0.05)
    assert study.categories == 4
    assert study.percent_of_tolerance == pytest.approx(100 * 6 * 0.302373 / 4.0, rel=1e-5)


def test_an_interaction_that_is_there_counts_as_reproducibility() -> None:
    noise = (0.0, 0.01)
    cells = [[[part + (0.5 if part == who else 0.0) + one for one in noise] for who in range(3)] for part in range(3)]
    study = gauge_study(cells)
    assert study.interaction_p < 1e-6
    assert study.interaction == pytest.approx(0.5 / 2**0.5 * (2 / 3) ** 0.5, rel=0.3)
    assert study.reproducibility >= study.interaction > 10 * study.repeatability
    with pytest.raises(ValueError, match="at least 2 parts, 2 appraisers and 2 trials, not 1, 3 and 2"):
        gauge_study(cells[:1])
    with pytest.raises(ValueError, match="equally often"):
        gauge_study([[[1.0, 2.0], [1.0]], [[1.0, 2.0], [1.0, 2.0]]])


@pytest.mark.parametrize(
    ("ratio", "above", "below"), [(4.2565, 2, 9), (3.1355, 18, 5), (0.5, 3, 40), (2.2504, 7, 30), (80.0, 1, 200)]
)
def test_fisher_s_tail_is_that_of_scipy(ratio: float, above: int, below: int) -> None:
    from scipy.special import fdtrc

    assert f_upper_tail(ratio, 1.0, above, below) == pytest.approx(float(fdtrc(above, below, ratio)), rel=1e-9)
