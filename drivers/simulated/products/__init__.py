"""The products that the simulator knows. A new one is a module with a ``PRODUCT`` and a row here."""

from collections.abc import Mapping

from drivers.simulated.products import cs12, lm200, rb1, sp100, ss50, th300
from drivers.simulated.products.product import Product

__all__ = ["PRODUCTS", "Product", "known_product"]

_ALL = (sp100.PRODUCT, lm200.PRODUCT, cs12.PRODUCT, th300.PRODUCT, ss50.PRODUCT, rb1.PRODUCT)
PRODUCTS: Mapping[str, Product] = {product.key: product for product in _ALL}
"""Every product by the name that the command line gives it."""


def known_product(name: str) -> Product:
    """Return a product by its key or model; raise ``ValueError`` with those there are."""
    for product in PRODUCTS.values():
        if name.lower() in (product.key, product.model.lower()):
            return product
    known = ", ".join(f"{product.key} ({product.model})" for product in PRODUCTS.values())
    raise ValueError(f"no product {name!r}; there are {known}")
