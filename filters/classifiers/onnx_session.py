"""Sessions of onnxruntime on the CPU."""

from pathlib import Path
from typing import Any

from schemas.resources import Resources


def cpu_session(model: Path, resources: Resources) -> Any:
    """Load an ONNX model; its threads are those of `resources`, and wait without spinning."""
    import onnxruntime

    runtime: Any = onnxruntime
    options = runtime.SessionOptions()
    options.intra_op_num_threads = resources.threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return runtime.InferenceSession(model.read_bytes(), options, providers=["CPUExecutionProvider"])
