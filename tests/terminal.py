"""A real terminal (tmux) with keys that are pressed and text that is read."""

import itertools
import os
import subprocess
import time

_numbers = itertools.count()
"""A server that is still ending does not meet the next one on its socket."""


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, folder, columns, lines, command):
        self._tmux = ["tmux", "-u", "-f", "/dev/null", "-S", str(folder / f"tmux-{next(_numbers)}.sock")]
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        environment.pop("TMUX", None)
        size = ["-x", str(columns), "-y", str(lines)]
        subprocess.run([*self._tmux, "new-session", "-d", *size, command], check=True, env=environment, timeout=20)

    def _run(self, *arguments):
        done = subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True, timeout=20)
        return done.stdout

    def keys(self, *names):
        self._run("send-keys", *names)

    def scan(self, code):
        """What a scanner does: all characters at once, then Enter."""
        self._run("send-keys", "-l", code)
        self._run("send-keys", "Enter")

    def text(self):
        return self._run("capture-pane", "-p")

    def alive(self):
        """Whether the program in the window still runs; the server ends with it."""
        asked = subprocess.run([*self._tmux, "list-sessions"], check=False, capture_output=True, timeout=20)
        return asked.returncode == 0

    def pid(self):
        return int(self._run("display-message", "-p", "#{pane_pid}"))

    def sees(self, *words, timeout_s=30.0):
        deadline = time.monotonic() + timeout_s
        while not all(word in (shown := self.text()) for word in words):
            assert time.monotonic() < deadline, f"not seen: {words}\n{shown}"
            time.sleep(0.05)
        return shown

    def close(self):
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True, timeout=20)
