"""Presses Ctrl-C in a run when its first shard is committed: interrupt.py OUTPUT COMMAND...

Each process of the run commits one shard, and waits with the next one until Ctrl-C was pressed: the
run is interrupted at work, however slow this program is.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Python runs it in each process of the run, before the process does anything else.
WAITING = """
import os, sys, time
committed = []

def wait(event, names):
    if event in ("os.link", "os.rename") and str(names[1]).endswith(".parquet"):
        while committed and not os.path.exists({pressed!r}):
            time.sleep(0.01)
        committed.append(names[1])

sys.addaudithook(wait)
"""

output, *command = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)  # which the child inherits as its default
with tempfile.TemporaryDirectory() as folder:
    pressed = Path(folder, "pressed")
    Path(folder, "sitecustomize.py").write_text(WAITING.format(pressed=str(pressed)))
    run = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": folder})
    while run.poll() is None and not list(Path(output).glob("*.parquet")):
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    pressed.touch()
    code = run.wait()
sys.exit(code)
