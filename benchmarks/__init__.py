"""Speed and memory claims, each a ratio to a peer or a limit measured in the same run."""
