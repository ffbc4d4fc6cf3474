"""Any instrument that a profile declares, played by its own declaration, looking at the simulated device.

A personality speaks what the profile says and no more: identity, commands with their limits, answers. As it is the
mirror of the driver, a mistake in a profile is in both; the hand-written instruments beside it, and programs that are
not ours, are what shows that.
"""

from drivers.simulated.personality.bench import PlayedBench
from drivers.simulated.personality.play import Personality, play, playable, serve

__all__ = ["Personality", "PlayedBench", "play", "playable", "serve"]
