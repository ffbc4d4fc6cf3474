"""``python -m edge_agent``: the agent's process, without the command line's libraries (8 MB on a small computer).

``benchwright agent run`` becomes this process; a service may start it directly. The options are the same.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_agent.agent import Agent, AgentOptions, run_until_signal
from edge_agent.bench_config import check_instruments, load_bench_config
from edge_agent.captures import CaptureStoreError
from edge_agent.local_api.client import state_home
from edge_agent.local_api.server import LocalApiError
from edge_agent.logs import LEVELS, configure_logging
from edge_agent.spool import SpoolError
from edge_agent.uplink.settings import UplinkError
from edge_agent.worklist import WorklistError
from protocols.plain_text import one_line

EXIT_BAD_INPUT = 2
_STATE_FAULTS = (SpoolError, CaptureStoreError, WorklistError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; return the exit code: 2 when the bench cannot be set up, with one sentence why."""
    options = _parser().parse_args(arguments)
    configure_logging(options.log_level, as_json=options.log_json)
    try:
        config = load_bench_config(options.bench)
        check_instruments(config, options.bench.read_text(encoding="utf-8"), str(options.bench))
        agent = Agent(
            config,
            AgentOptions(
                state=options.state or state_home() / config.name,
                socket=options.socket,
                socket_group=options.socket_group,
                plan_folders=tuple(options.plans),
                resume=options.resume,
                bench_file=options.bench,
            ),
            config_folder=options.bench.parent,
        )
        run_until_signal(agent)
    except (ValueError, UplinkError, LocalApiError, *_STATE_FAULTS, OSError) as error:
        sys.stderr.write(f"benchwright: the agent cannot run: {one_line(str(error))}\n")
        return EXIT_BAD_INPUT
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m edge_agent", description="Run the agent of one bench.")
    parser.add_argument("--bench", type=Path, required=True, help="the bench's bench.toml")
    parser.add_argument("--state", type=Path, help="folder for spool, worklist, captures and socket")
    parser.add_argument("--socket", type=Path, help="socket of the local API")
    parser.add_argument("--socket-group", help="group that may use the local API too")
    parser.add_argument("--plans", type=Path, action="append", default=[], help="folder with more test plans")
    parser.add_argument("--resume", action="store_true", help="go on with interrupted runs by itself at start")
    parser.add_argument("--log-level", choices=LEVELS, default="info")
    parser.add_argument("--log-json", action="store_true", help="log one JSON object a line")
    return parser


if __name__ == "__main__":
    sys.exit(main())
