"""Knowledge: articles, FAQ and scripts (话术), found from what a device shows and measures (K1-K4)."""
