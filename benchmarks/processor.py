"""What a process has taken of the processor."""

import time

_CPUCLOCK_SCHED = 2


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process and its threads, user and system, in nanosecond steps.

    ``/proc`` counts ticks of 10 ms, a tenth of what some rounds take altogether. This is the clock of POSIX's
    ``clock_getcpuclockid``, which Python does not offer; Linux makes its number from the process's.
    Raises ``OSError`` when there is no such process.
    """
    return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)
