"""Mutates inputs of every parser and counts what comes out.

A target's inputs are shared out in pieces, each in a process of its own with bounded memory (its address space) and
bounded processor time for an input, so that one slow parser keeps all processors busy and none waits at the end. The
numbers of a run are those of its seed: ``--seed`` gives the same inputs again. A defect is shown with its input.
"""

import functools
import multiprocessing
import random
import resource
import signal
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.fuzz.targets import Target, targets

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1)
MEMORY_BYTES = 2 << 30
INPUT_S = 10
LONGEST_BYTES = 20_000
PIECE = 25_000
"""Inputs of one process: enough that starting it costs nothing beside them."""


@dataclass
class Result:
    """What a target did with its inputs. Seconds are of processor time, so that a busy machine changes none of them."""

    name: str
    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    defect: str | None = None
    input_hex: str | None = None

    def add(self, other: "Result") -> None:
        """Take in another piece's numbers; the first defect stays."""
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.refused += other.refused
        self.seconds += other.seconds
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        if self.defect is None:
            self.defect, self.input_hex = other.defect, other.input_hex


def mutated(random_: random.Random, seeds: list[bytes]) -> bytes:
    """Return an input: a seed with some changes, two seeds joined, or noise."""
    choice = random_.random()
    if choice < 0.03:
        return random_.randbytes(random_.randrange(200))
    data = bytearray(random_.choice(seeds))
    if choice < 0.1:
        other = random_.choice(seeds)
        cut, at = random_.randrange(len(data) + 1), random_.randrange(len(other) + 1)
        data = data[:cut] + other[at:]
    for _ in range(random_.choice((1, 1, 1, 2, 3, 5))):
        _change(random_, data)
    return bytes(data[:LONGEST_BYTES])


def _change(random_: random.Random, data: bytearray) -> None:
    size = len(data)
    # Headers matter most, so half of the changes go there.
    at = random_.randrange(max(1, min(size, 64) if random_.random() < 0.5 else size))
    kind = random_.randrange(7)
    if kind == 0 and size:
        data[at % size] ^= 1 << random_.randrange(8)
    elif kind == 1 and size:
        data[at % size] = random_.randrange(256)
    elif kind == 2:
        width = random_.choice((1, 2, 4, 8))
        value = random_.choice(EXTREMES) & ((1 << 8 * width) - 1)
        data[at : at + width] = value.to_bytes(width, random_.choice(("little", "big")))
    elif kind == 3:
        del data[at:]
    elif kind == 4:
        del data[at : at + random_.randrange(1, 17)]
    elif kind == 5:
        data[at:at] = random_.randbytes(random_.randrange(1, 9))
    elif size:
        end = at + random_.randrange(1, 33)
        data[at:at] = data[at:end] * random_.choice((1, 2, 16))


def run_piece(name: str, inputs: int, seed: int, piece: int) -> Result:
    """Run some inputs of one target in this process, with its memory bounded."""
    warnings.simplefilter("ignore")
    target = _targets()[name]
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, hard))
    random_ = random.Random(f"{seed} {name} {piece}")
    seeds = list(target.seeds)
    result = Result(name)

    def too_long(*_: object) -> None:
        raise TimeoutError(f"more than {INPUT_S} s of processor time for one input")

    signal.signal(signal.SIGPROF, too_long)
    began = time.process_time()
    for _ in range(inputs):
        data = mutated(random_, seeds)
        signal.setitimer(signal.ITIMER_PROF, INPUT_S)
        start = time.process_time()
        try:
            target.parse(data)
            result.accepted += 1
        except target.own:
            result.refused += 1
        except BaseException as error:  # noqa: BLE001 - whatever else comes out is what is looked for
            result.defect, result.input_hex = f"{type(error).__name__}: {error}"[:300], data.hex()
            break
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            result.slowest_s = max(result.slowest_s, time.process_time() - start)
            result.inputs += 1
    result.seconds = time.process_time() - began
    return result


def run(names: Sequence[str], inputs: int, seed: int, processes: int) -> Iterator[Result]:
    """Run targets in several processes; yield each target's result when its last piece is there."""
    jobs = [
        (name, min(PIECE, inputs - first), seed, first // PIECE) for name in names for first in range(0, inputs, PIECE)
    ]
    left = Counter(name for name, *_ in jobs)
    results = {name: Result(name) for name in names}
    _targets()  # made once, before the processes fork
    with multiprocessing.get_context("fork").Pool(processes, maxtasksperchild=1) as pool:
        for one in pool.imap_unordered(_run, jobs):
            results[one.name].add(one)
            left[one.name] -= 1
            if not left[one.name]:
                yield results[one.name]
        # Ended by their own: a child may have inherited a handler that lets it live through terminate().
        pool.close()
        pool.join()


def _run(job: tuple[str, int, int, int]) -> Result:
    return run_piece(*job)


@functools.cache
def _targets() -> dict[str, Target]:
    return {one.name: one for one in targets()}
