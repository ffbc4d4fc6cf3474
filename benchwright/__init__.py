"""The ``benchwright`` command: it puts the rooms together and belongs to none of them."""
