"""Lets the tests of thermal files use the hostile input of the other capture files."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "captures"))
