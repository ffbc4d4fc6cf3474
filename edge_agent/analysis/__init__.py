"""Signal analysis: pure functions on arrays and waveforms, without I/O.

Each function returns a frozen dataclass of ``Quantity`` (unit and standard uncertainty), or ``NoAnswer`` with the
reason where the signal does not allow one; a single field may be ``NoAnswer`` too. ``catalogue`` lists what test
plans can use by name, ``registry`` runs it. Nothing is imported here, so that an idle bench loads no numpy or scipy.
"""
