"""Exit codes of processes that end themselves; the command line uses the same ones."""

WORKER_FAULT = 1  # the machine is at fault: no unit is charged
INTERRUPTED = 130  # after Ctrl-C: 128 and the number of SIGINT
TERMINATED = 143  # after SIGTERM: 128 and the number of the signal
READER_GONE = 141  # the reader of stdout is gone: 128 and the number of SIGPIPE, as of Unix tools
INTERRUPTION = "interrupted: what is committed stays; run the same command to go on"
