"""Rules as data: documents that staff write, checked when they arrive and kept in versions that never change."""
