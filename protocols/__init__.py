"""Bytes to values and back, without I/O: instrument wire formats, capture files and the bench-hub contract."""
