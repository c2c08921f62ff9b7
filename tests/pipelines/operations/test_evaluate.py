"""`evaluate` scores planted answers, and counts all samples and references that it cannot use."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command_line import CommandLine
from support.random_checkpoint import *  # noqa: F403
