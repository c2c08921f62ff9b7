"""Says where an unknown key of a job file belongs, and what keys of other tools are called here."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

_GREEDY = "answers are greedy, each token the most probable one: remove it"
_ALWAYS_RESUMED = "a run always goes on where an earlier one stopped: remove it"
_NO_SECRETS = "credentials are read from the environment, such as HF_TOKEN: remove it"
_NO_BUCKET_SECRETS = (
    "credentials of buckets are read from the environment, such as AWS_PROFILE, "
    "GOOGLE_APPLICATION_CREDENTIALS or AZURE_STORAGE_ACCOUNT_NAME: remove it"
)
_NO_CODE = "no code of a checkpoint is ever run: remove it"
# Keys of other tools -> the place of the same setting, or an advice, which has a space.
_FOREIGN: Mapping[str, str] = {
    **dict.fromkeys(
        ("temperature", "top_p", "top_k", "do_sample", "num_beams", "beams", "beam_size", "seed"),
        _GREEDY,
    ),
    **dict.fromkeys(("resume", "checkpointing", "overwrite", "incremental_mode"), _ALWAYS_RESUMED),
    **dict.fromkeys(("token", "hf_token", "api_key", "use_auth_token"), _NO_SECRETS),
    **dict.fromkeys(
        (
            *("access_key", "access_key_id", "aws_access_key_id", "secret", "secret_key"),
            *("secret_access_key", "aws_secret_access_key", "session_token", "account_key"),
            *("sas_token", "connection_string", "credentials", "service_account", "profile"),
        ),
        _NO_BUCKET_SECRETS,
    ),
    "endpoint_url": "storage.NAME.endpoint",
    **dict.fromkeys(("anon", "no_sign_request", "unsigned"), "storage.NAME.anonymous"),
    "request_payer": "storage.NAME.requester_pays",
    "trust_remote_code": _NO_CODE,
    **dict.fromkeys(
        ("max_tokens", "max_length", "max_new_token", "max_output_tokens"),
        "tasks.NAME.max_new_tokens",
    ),
    **dict.fromkeys(("dtype", "torch_dtype", "quantization"), "model.precision"),
    "load_in_8bit": "write model.precision: int8",
    "load_in_4bit": "write model.precision: nf4",
    **dict.fromkeys(
        ("model_name", "model_id", "model_path", "model_name_or_path", "pretrained"),
        "model.checkpoint",
    ),
    "lora": "model.adapter",
    "per_device_batch_size": "model.batch_size",
    **dict.fromkeys(
        ("num_workers", "processes", "processes_count", "num_processes", "parallelism"),
        "runner.workers",
    ),
    **dict.fromkeys(("gpus", "num_gpus", "n_gpus"), "runner.gpus_per_worker"),
    **dict.fromkeys(("num_threads", "thread_count", "decode_workers"), "runner.decode_threads"),
    **dict.fromkeys(
        ("url_list", "urls", "path", "paths", "data", "dataset", "files", "input_folder", "source"),
        "input.shards",
    ),
    **dict.fromkeys(("caption_col", "text_column", "caption_key", "txt", "caption"), "input.text"),
    **dict.fromkeys(("image_col", "image_column", "image_key"), "input.image"),
    "save_additional_columns": "input.carry",
    **dict.fromkeys(("output_dir", "output_folder", "output_path", "out", "save_to"), "output"),
    "question": "take a task of kind vqa, which has this key",
    "prompt": "take a task of kind prompt, whose text is its prompt",
}


def unknown_key(key: str, where: str, group: type[BaseModel] | None, job: type[BaseModel]) -> str:
    """Say what to do with a key at the place `where`, which its group, if known, does not have."""
    own = list(group.model_fields) if group is not None else []
    if close := difflib.get_close_matches(key, own, 1, 0.75):
        return f"unknown key: did you mean {close[0]!r}?"
    if advice := _FOREIGN.get(key.lower().replace("-", "_")):
        return f"unknown key: {advice if ' ' in advice else f'it is called {advice} here'}"
    places = _places(job)
    if found := places.get(key, {}):
        if where not in found:
            return f"there is no such key here: move it to {_shown(found)}"
        return f"only {_kinds(found[where])} has this key: change the kind, or remove the key"
    close = difflib.get_close_matches(key, own, 1, 0.65)
    meant = [repr(each) for each in close] or [
        _shown(places[each]) for each in difflib.get_close_matches(key, places, 1, 0.75)
    ]
    advice = "remove it, or see `shardmill explain` for all keys"
    return f"unknown key: {f'did you mean {meant[0]}?' if meant else advice}"


def setting_of_option(option: str, job: type[BaseModel]) -> str:
    """Say how an unknown option of the command line is given; "" if no key of the job is like it.

    The job has its keys in its file, and `--set` changes them.
    """
    key = option.lstrip("-").partition("=")[0].replace("-", "_")
    found = _places(job).get(key)
    advice = _FOREIGN.get(key, "")
    if not found:
        return advice if " " in advice or not advice else f"write --set {advice}=..."
    place, kinds = next(iter(found.items()))
    place = place.replace("[]", f".{kinds[0]}") if kinds else place
    return f"write --set {place}=..."


def _shown(places: Mapping[str, Sequence[str]]) -> str:
    """Show places as text; with their kinds, unless most kinds of tasks or runners have the key."""
    shown = [
        f"{place} of {_kinds(kinds)}" if "[]" in place or (kinds and len(kinds) == 1) else place
        for place, kinds in places.items()
    ]
    return " or ".join(shown[:3])


def _kinds(kinds: Sequence[str]) -> str:
    return f"kind {', '.join(kinds[:3])}" + ", ..." * (len(kinds) > 3)


@cache
def _places(job: type[BaseModel]) -> dict[str, dict[str, list[str]]]:
    """Return key -> place in the job file, such as `runner.workers` -> the kinds that have it."""
    places: dict[str, dict[str, list[str]]] = {}
    for key, place, kind in _walk("", job):
        places.setdefault(key, {}).setdefault(place, []).extend([kind] * bool(kind))
    return places


def _walk(path: str, model: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    """Yield (key, place, kind) of each key of a model, then of the models in its fields."""
    kind = _kind(model.model_fields["kind"]) if "kind" in model.model_fields else ""
    for key in model.model_fields:
        if key != "kind":
            yield key, f"{path}.{key}".removeprefix("."), kind
    for key, field in model.model_fields.items():
        for inner, step in _models(field.annotation, ""):
            yield from _walk(f"{path}.{key}{step}".removeprefix("."), inner)


def _kind(field: FieldInfo) -> str:
    return str(next(iter(get_args(field.annotation)), ""))


def _models(annotation: object, step: str) -> Iterator[tuple[type[BaseModel], str]]:
    """Yield the models in an annotation, with the step from the field to them.

    The step is `[]` for elements of a list and `.NAME` for values of a mapping.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, step
        return
    origin = get_origin(annotation)
    if origin is tuple:
        step = "[]"
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        step = ".NAME"
    for argument in get_args(annotation):
        yield from _models(argument, step)


def group_at(location: tuple[str | int, ...], job: type[BaseModel]) -> type[BaseModel] | None:
    """Return the model of the group at a location of a pydantic error, which has union tags."""
    found: list[type[BaseModel]] = [job]
    for part in location:
        next_found = [
            inner
            for model in found
            if isinstance(part, str) and part in model.model_fields
            for inner, _ in _models(model.model_fields[part].annotation, "")
        ]
        kinds = [
            model
            for model in found
            if "kind" in model.model_fields and part == _kind(model.model_fields["kind"])
        ]
        found = next_found or kinds or found
    return found[0] if len(found) == 1 else None
