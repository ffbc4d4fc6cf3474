"""How bytes reach an instrument: sockets, serial ports, VISA, Modbus, I²C and command-line tools.

Every transport passes the ``drivers.guard.Guard`` that it was opened with: it writes inside ``Guard.sending`` and waits
in slices of at most ``POLL_S``, so that a cancelled operation ends at once and sends nothing more.
"""
