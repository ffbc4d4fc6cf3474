"""Firmware programmers that are command-line tools."""
