"""The ``benchwright`` command: it puts the rooms together and belongs to none of them."""

from importlib.metadata import version

__version__ = version("benchwright")
