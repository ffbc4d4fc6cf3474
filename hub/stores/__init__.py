"""The stores of the chain (S5)."""
