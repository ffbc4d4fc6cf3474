"""Appends steps as fast as it can and prints each number once ``append`` has returned; made to be killed."""

import sys
from pathlib import Path

from sample_records import step

from edge_agent.spool import Spool

spool = Spool(Path(sys.argv[1]))
print(spool.epoch, flush=True)
count = 0
while True:
    count += 1
    print(count, spool.append(step(count)), flush=True)
