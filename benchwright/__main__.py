"""``python -m benchwright`` is the ``benchwright`` command."""

from benchwright.cli import main

main()
