"""A powered device with instruments of any make around it, each played by its profile."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from drivers.discovery.proposal import instrument_toml, suggested_role
from drivers.programmers.model import FlashromProfile
from drivers.registry import find_profile
from drivers.simulated import spi_flash
from drivers.simulated.device import Device
from drivers.simulated.endpoints import TcpEndpoint
from drivers.simulated.personality.korad import KoradPersonality
from drivers.simulated.personality.modbus import ModbusSupplyPersonality
from drivers.simulated.personality.play import FLASH_IMAGE, Personality, serve
from drivers.simulated.personality.supply import SupplyPersonality
from drivers.simulated.products import sp100
from drivers.simulated.products.product import Product
from drivers.simulated.rails import Feed
from drivers.simulated.wiring import Wiring

FEED_LIMIT_A = 1.0
"""Of what feeds the device where no supply is among the instruments."""


FEEDING = (SupplyPersonality, KoradPersonality, ModbusSupplyPersonality)
"""Those that feed the device."""


class PlayedBench:
    """A context manager; ``instruments`` gives profile and address by role while it is open.

    Raises ``drivers.errors.Misconfigured`` for a profile that cannot be played, ``ValueError`` for an unknown fault.
    """

    def __init__(
        self,
        names: Iterable[str],
        *,
        faults: Iterable[str] = (),
        seed: int = 1,
        directory: Path | None = None,
        product: Product = sp100.PRODUCT,
    ) -> None:
        self._exits = contextlib.ExitStack()
        if directory is None:
            directory = Path(tempfile.mkdtemp(prefix="bench-"))
            self._exits.callback(shutil.rmtree, directory, ignore_errors=True)
        directory.mkdir(parents=True, exist_ok=True)
        flash_image = directory.absolute() / FLASH_IMAGE
        names = list(names)
        if any(isinstance(find_profile(name), FlashromProfile) for name in names) and not flash_image.exists():
            spi_flash.write_image(flash_image)  # before the device starts from it
        self.device = Device(
            seed=seed, faults=faults, product=product, flash_image=flash_image if flash_image.exists() else None
        )
        self.wiring = Wiring(self.device)
        self.players: dict[str, Personality] = {}
        self.instruments: dict[str, tuple[str, str]] = {}
        self._served = []
        for name in names:
            role = suggested_role(find_profile(name), self.players)
            player, endpoint, address = serve(name, self.wiring, role, directory.absolute())
            self.players[role] = player
            self._served.append((role, name, endpoint, address))
        if not any(isinstance(player, FEEDING) for player in self.players.values()):
            self.device.power(Feed(product.feed_v, FEED_LIMIT_A, True))

    def __enter__(self) -> Self:
        try:
            for role, name, endpoint, address in self._served:
                endpoint.start()
                self._exits.callback(endpoint.stop)
                port = endpoint.port if isinstance(endpoint, TcpEndpoint) else 0
                self.instruments[role] = (name, address.replace("{port}", str(port)))
        except BaseException:
            self._exits.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def bench_toml(self, name: str) -> str:
        """Return a ``bench.toml`` of these instruments."""
        tables = [instrument_toml(role, profile, address) for role, (profile, address) in self.instruments.items()]
        return "\n".join([f'[bench]\nname = "{name}"\n', *tables])
