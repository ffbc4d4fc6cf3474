"""Network diagnosis from the bench (D4): reachability, latency and loss, throughput; by sockets only."""
