"""Every analysis on a signal whose answer is known exactly, beside its target error: ``benchwright verify``."""
