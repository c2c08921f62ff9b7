"""Presses Ctrl-C in a run when its first shard is committed: interrupt.py OUTPUT COMMAND..."""

import signal
import subprocess
import sys
import time
from pathlib import Path

output, *command = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)  # which the child inherits as its default
run = subprocess.Popen(command)
while run.poll() is None and not list(Path(output).glob("*.parquet")):
    time.sleep(0.01)
run.send_signal(signal.SIGINT)
sys.exit(run.wait())
