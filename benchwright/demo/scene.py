"""The scene of the demonstration: broker, hub, simulated bench and agent as processes of their own."""

import fcntl
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchwright.demo.desk import Desk
from benchwright.demo.processes import ProcessError, Processes
from benchwright.demo.technician import Technician
from drivers.simulated.control import ask
from edge_agent.local_api.client import AgentError

BENCH = "bench-01"
HOST = "127.0.0.1"
COMMAND_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Scene:
    """Where everything is, for the story and for people who look around afterwards (``--keep``)."""

    folder: Path
    hub_port: int
    broker_port: int
    staff_key: Path
    agent_socket: Path
    control_socket: Path
    bench_file: Path

    @property
    def hub_url(self) -> str:
        """Base address of the hub."""
        return f"http://{HOST}:{self.hub_port}"

    def desk(self) -> Desk:
        """Return the counter's client of the hub."""
        return Desk(HOST, self.hub_port, self.staff_key.read_text(encoding="utf-8").strip())

    def hand(self, **request: str) -> Any:
        """Do something to the simulated bench that a person would do: move a probe, change a part."""
        answer = ask(self.control_socket, request)
        if not answer["ok"]:
            raise ProcessError(f"the simulated bench refuses: {answer['error']}")
        return answer

    def broker_listens(self) -> bool:
        """Whether something accepts connections at the broker's port."""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((HOST, self.broker_port)) == 0

    def agent_answers(self) -> bool:
        """Whether the agent's local API is up."""
        try:
            technician = self.technician("nobody")
        except (AgentError, OSError):
            return False
        technician.close()
        return True

    def technician(self, name: str) -> Technician:
        """Return a technician at the bench."""
        return Technician(
            self.agent_socket, name, lambda role, point: self.hand(do="connect", instrument=role, point=point)
        )


MARKER = ".benchwright-demo"
"""In a folder that a demonstration made and may make anew."""


def free_port() -> int:
    """Return a TCP port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for one demonstration; raise ``ProcessError`` when it is another's, or holds something else.

    A demonstration makes its folder anew, so it must never be given one with other things in it.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise ProcessError(f"--folder {folder} holds other things and would be emptied; name a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ProcessError(
                f"a demonstration is running in {folder}; end it with Ctrl-C there, or name another --folder"
            ) from error
        yield


def build(
    folder: Path,
    processes: Processes,
    faults: Sequence[str],
    agent_options: Sequence[str] = (),
    *,
    product: str = "plug",
) -> Scene:
    """Start everything in a fresh ``folder`` and wait until it works; raise ``ProcessError`` when it does not."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    (folder / MARKER).touch()
    scene = Scene(
        folder=folder,
        hub_port=free_port(),
        broker_port=free_port(),
        staff_key=folder / "staff.key",
        agent_socket=folder / "agent" / "agent.sock",
        control_socket=folder / "control.sock",
        bench_file=folder / "bench.toml",
    )
    # The simulator needs longest and depends on nothing: it comes up while the others are prepared.
    simulate = [argument for fault in faults for argument in ("--fault", fault)]
    processes.start(
        "simulator",
        ["simulate", "--product", product, *simulate, "--write-bench", str(scene.bench_file), "--name", BENCH,
         "--control", str(scene.control_socket), "--directory", str(folder / "simulator")],
    )  # fmt: skip
    _start_broker(scene, processes)
    _start_hub(scene, processes)
    processes.wait_until("simulator", lambda: scene.control_socket.exists() and scene.bench_file.exists())
    _start_agent(scene, processes, agent_options)
    return scene


def _command(*arguments: str) -> str:
    """Run ``benchwright ARGUMENTS`` to its end and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "benchwright", *arguments],
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise ProcessError(f"benchwright {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _start_broker(scene: Scene, processes: Processes) -> None:
    broker = str(scene.folder / "broker")
    _command("broker", "configure", "--dir", broker, "--bench", BENCH, "--host", HOST, "--port", str(scene.broker_port))
    processes.start("broker", ["broker", "run", "--dir", broker])
    processes.wait_until("broker", scene.broker_listens)


def hub_environment(scene: Scene) -> dict[str, str]:
    """Return the settings of this scene's hub."""
    return {
        "BENCHWRIGHT_HUB_DATA_DIR": str(scene.folder / "hub"),
        "BENCHWRIGHT_HUB_HOST": HOST,
        "BENCHWRIGHT_HUB_PORT": str(scene.hub_port),
        "BENCHWRIGHT_HUB_MQTT": f"mqtt://{HOST}:{scene.broker_port}",
        "BENCHWRIGHT_HUB_MQTT_USERNAME": "hub",
        "BENCHWRIGHT_HUB_MQTT_PASSWORD_FILE": str(credential(scene, "hub")),
    }


def credential(scene: Scene, account: str) -> Path:
    """Return the file with the broker's password of one account."""
    return scene.folder / "broker" / "credentials" / f"{account}.password"


def _start_hub(scene: Scene, processes: Processes) -> None:
    environment = hub_environment(scene)
    config = scene.folder / "hub.toml"
    config.write_text(
        "".join(f'{name.removeprefix("BENCHWRIGHT_HUB_").lower()} = "{value}"\n' for name, value in environment.items())
        .replace(f'port = "{scene.hub_port}"', f"port = {scene.hub_port}")
    )  # fmt: skip
    for name, role, extra in (("staff", "staff", ()), (BENCH, "bench", ("--bench", BENCH))):
        _command("hub", "key", "create", "--config", str(config), "--name", name, "--role", role, *extra,
                 "--output", str(scene.folder / f"{name}.key"))  # fmt: skip
    processes.start("hub", ["hub", "serve", "--config", str(config)])
    processes.wait_until("hub", scene.desk().ready)


def _start_agent(scene: Scene, processes: Processes, options: Sequence[str]) -> None:
    with scene.bench_file.open("a", encoding="utf-8") as file:
        file.write(
            f'\n[hub]\nmqtt = "mqtt://{HOST}:{scene.broker_port}"\nurl = "{scene.hub_url}"\nusername = "{BENCH}"\n'
            f'password_file = "{credential(scene, BENCH)}"\ntoken_file = "{scene.folder / f"{BENCH}.key"}"\n'
        )
    processes.start(
        "agent",
        ["agent", "run", "--bench", str(scene.bench_file), "--state", str(scene.agent_socket.parent), *options],
    )

    processes.wait_until("agent", scene.agent_answers)
