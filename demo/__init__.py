"""The demo of `make demo`: generated scenes, and a small checkpoint trained on them."""

import shardmill  # noqa: F401 - before torch, whose threads it lets wait passively
