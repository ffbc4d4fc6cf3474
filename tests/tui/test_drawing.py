"""Dots, planes and lines of the oscilloscope's picture against the same thing done cell by cell."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.local_api.scope import Trace
from tui import braille
from tui.scope_plot import Layer, plot
from tui.scope_settings import Settings
from tui.widgets.plot import _changed

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 24))
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@st.composite
def fields(draw):
    width, height = draw(SIZES)
    spans = st.tuples(st.integers(0, 4 * height - 1), st.integers(0, 4 * height - 1)).map(
        lambda ends: tuple(sorted(ends))
    )
    return width, height, draw(st.lists(st.none() | spans, min_size=2 * width, max_size=2 * width))


@settings(max_examples=60, deadline=None)
@given(fields())
def test_every_dot_of_every_span_and_no_other_is_in_the_cells(field):
    width, height, columns = field
    wanted = bytearray(width * height)
    for number, span in enumerate(columns):
        for dot in range(span[0], span[1] + 1) if span else ():
            wanted[dot // 4 * width + number // 2] |= BITS[dot % 4][number % 2]
    assert braille.cells(columns, height) == bytes(wanted)


@settings(max_examples=60, deadline=None)
@given(
    SIZES,
    st.lists(st.lists(st.tuples(st.floats(-2, 2), st.floats(0, 1)), min_size=1, max_size=90), min_size=0, max_size=3),
    st.lists(st.integers(-1, 41), max_size=2, unique=True),
)
def test_lines_are_as_wide_as_the_field_and_later_traces_lie_on_top(size, traces, columns):
    width, height = size
    layers = []
    for number, spans in enumerate(traces):
        low, high = tuple(least for least, _ in spans), tuple(least + more for least, more in spans)
        layers.append(Layer(Trace(f"ch{number}", "V", 0.0, 1.0 / len(spans), low, high), 2.0, -2.0, f"ch{number}"))
    marks = dict.fromkeys(columns, ("┃", "mark"))
    lines = plot(layers, (0.0, 1.0), size, marks)
    assert [sum(len(text) for text, _style in line) for line in lines] == [width] * height
    cells = [[(character, style) for text, style in line for character in text] for line in lines]
    alone = [[plot([layer], (0.0, 1.0), size)] for layer in layers]
    for y, line in enumerate(cells):
        for x, (character, style) in enumerate(line):
            drawn = [number for number, (only,) in enumerate(alone) if _at(only[y], x) > "\u2800"]
            if drawn:
                bits = 0
                for number in drawn:
                    bits |= ord(_at(alone[number][0][y], x)) & 0xFF
                assert (ord(character), style) == (0x2800 | bits, f"ch{drawn[-1]}")
            elif x in marks:
                assert (character, style) == ("┃", "mark")
            else:
                assert character in " ·┼"
                assert character == " " or style == "graticule"


def _at(line, column):
    return "".join(text for text, _style in line)[column]


def test_only_lines_that_changed_are_drawn_again():
    a, b, c = [("a", "x")], [("b", "x")], [("c", "x")]
    assert list(_changed([a, b, c, a], [a, c, b, a])) == [(1, 2)]
    assert list(_changed([a, b, c], [b, b, a])) == [(0, 1), (2, 1)]
    assert list(_changed([a, b], [[("a", "x")], b])) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-20, 20), st.floats(0.001, 30)), min_size=1, max_size=4))
def test_fitted_traces_lie_one_below_the_other_and_within_the_field(ranges):
    chosen = Settings()
    chosen.fit(tuple(Trace(f"ch{n}", "V", 0.0, 1.0, (low,), (low + span,)) for n, (low, span) in enumerate(ranges, 1)))
    lowest = 0.0
    for number, (low, span) in enumerate(ranges, 1):
        top, bottom = chosen.edges(f"ch{number}")
        upper, lower = ((top - value) / (top - bottom) for value in (low + span, low))
        assert -1e-6 <= upper < lower <= 1 + 1e-6
        assert upper >= lowest - 0.07, "half a division is what offsets are rounded to"
        lowest = lower
