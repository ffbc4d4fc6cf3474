"""Capture files: content-addressed blobs, uploaded in chunks with resume."""
