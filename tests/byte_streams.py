"""Hypothesis strategies for parsers that are fed a byte stream: split it anywhere, damage it anyhow."""

import itertools
from collections.abc import Iterable

from hypothesis import strategies as st


def chunks_of(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Cut ``data`` at the positions ``cuts``; empty pieces are kept, since a transport may return none."""
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@st.composite
def splits(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """``data`` whole, byte by byte, or cut at random."""
    kind = draw(st.sampled_from(["whole", "bytes", "random"]))
    if kind == "whole":
        return [data]
    if kind == "bytes":
        return [data[i : i + 1] for i in range(len(data))]
    return chunks_of(data, draw(st.lists(st.integers(0, len(data)), max_size=12)))


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """``data`` with a few bytes changed, removed, doubled or put in, or cut off."""
    damaged = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(damaged)))
        match draw(st.sampled_from(["change", "remove", "insert", "double", "cut"])):
            case "change" if at < len(damaged):
                damaged[at] = draw(st.integers(0, 255))
            case "remove":
                del damaged[at : at + draw(st.integers(1, 8))]
            case "insert":
                damaged[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "double":
                damaged[at:at] = damaged[at : at + 16]
            case "cut":
                del damaged[at:]
    return bytes(damaged)
