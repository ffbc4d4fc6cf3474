"""Play a recorded serial stream through a pseudo-terminal, over and over, as the instrument itself would send it."""

import os
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

REPEAT_S = 0.05
STOP_S = 5.0


@contextmanager
def played(stream: bytes) -> Iterator[str]:
    """Send ``stream`` every ``REPEAT_S`` seconds and give the address at which a serial driver finds it."""
    sender, port = os.openpty()
    tty.setraw(port)
    os.set_blocking(sender, False)
    stopped = threading.Event()

    def send() -> None:
        while not stopped.wait(REPEAT_S):
            try:
                os.write(sender, stream)
            except BlockingIOError:  # nobody reads yet and the buffer is full: a real meter's bytes are lost too
                continue

    thread = threading.Thread(target=send, name="replay")
    thread.start()
    try:
        yield f"serial:{os.ttyname(port)}"
    finally:
        stopped.set()
        thread.join(STOP_S)
        os.close(sender)
        os.close(port)
