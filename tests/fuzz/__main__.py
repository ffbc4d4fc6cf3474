"""``python -m tests.fuzz``: run the targets and print what came out."""

import argparse
import json
import sys
from dataclasses import asdict

from tests.fuzz.runner import run


def main() -> int:
    """Return 1 when a defect was found."""
    from tests.fuzz.targets import targets

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=main.__doc__)
    parser.add_argument("words", nargs="*", help="only targets whose names contain one of these")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="inputs for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    arguments = parser.parse_args()
    names = [one.name for one in targets() if not arguments.words or any(w in one.name for w in arguments.words)]
    results = []
    for one in run(names, arguments.inputs, arguments.seed, arguments.processes):
        results.append(one)
        if arguments.json:
            print(json.dumps(asdict(one)), flush=True)
            continue
        state = one.defect or f"{one.accepted} accepted, {one.refused} refused"
        print(
            f"{one.name:34} {one.inputs:>9} inputs {one.seconds:8.1f} s, slowest {one.slowest_s * 1e3:6.1f} ms: {state}"
        )
        if one.input_hex is not None:
            print(f"    {one.input_hex}")
    total = sum(one.inputs for one in results)
    print(f"{total} inputs, {len(results)} parsers, {sum(one.defect is not None for one in results)} defects",
          file=sys.stderr)  # fmt: skip
    return int(any(one.defect for one in results))


if __name__ == "__main__":
    sys.exit(main())
