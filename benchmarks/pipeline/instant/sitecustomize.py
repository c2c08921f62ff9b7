"""Replaces a job's engine by one that answers at once, where this folder is on PYTHONPATH."""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec


class _EngineReplacer(MetaPathFinder):
    """Replaces `load_engine` right after the import of `pipelines.annotation.loaded_job`."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "pipelines.annotation.loaded_job":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def execute_and_replace(module: object) -> None:
            execute(module)  # type: ignore[arg-type]
            from benchmarks.pipeline.pass_over_shards.instant_engine import InstantEngine

            module.load_engine = lambda *_: InstantEngine()  # type: ignore[attr-defined]

        spec.loader.exec_module = execute_and_replace  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, _EngineReplacer())
