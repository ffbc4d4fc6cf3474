"""Many customers, devices or tickets at once: files in, files out (CSV and Excel)."""
