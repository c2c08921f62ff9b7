"""What is often wrong with URLs: each mistake ends with exit code 2 and one line on what to change.

Each row has what is replaced in a job, by what, and parts of the line.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from support.command_line import CommandLine
from support.sample_data import pairs, tar_bytes
from support.small_s3 import BUCKET, SmallS3

from pipelines.config.job import Job

SHARDS = f"s3://{BUCKET}/shards/*.tar"
OUT = f"s3://{BUCKET}/out"
JOB = f"""\
name: urls
input: {{shards: "{SHARDS}", text: txt}}
filters: [{{kind: image_size}}]
output: {OUT}
"""
ONE = "https://example.org/00000.tar"
LONG = "n" * 200

MISTAKES = [
    # The shards.
    (SHARDS, "pipe:curl -s -H 'Auth: x' " + ONE, ["input.shards: pipe: is refused", f"as {ONE}"]),
    (SHARDS, "pipe:cat a.tar", ["input.shards: pipe: is refused", "runs no commands"]),
    (SHARDS, "hdfs://corpus/a.tar", ["input.shards: hdfs://corpus/a.tar: hdfs://", "mount"]),
    (SHARDS, "gcs://corpus/a.tar", ["input.shards: ", "write gs://"]),
    (SHARDS, "s3a://corpus/a.tar", ["input.shards: ", "write s3://"]),
    (SHARDS, "abfss://c@acc.dfs.core.windows.net/a.tar", ["write az://container/folder", "NAME"]),
    (SHARDS, "S3://corpus/a.tar", ["input.shards: S3://corpus/a.tar: S3:// cannot be read", "s3:"]),
    (SHARDS, "s3:///a.tar", ["input.shards: s3:///a.tar: names no bucket", "s3://bucket/folder"]),
    (SHARDS, "s3://corpus-*/a.tar", ["input.shards: ", "the name of a bucket has no '*'"]),
    (SHARDS, "gs://corpus-{0..3}/a.tar", ["input.shards: ", "name of a bucket has no '{'"]),
    (SHARDS, "s3://nowhere/*.tar", ["s3://nowhere: there is no such bucket"]),
    (SHARDS, f"s3://{BUCKET}/empty", [f"input.shards: s3://{BUCKET}/empty not found: check"]),
    (SHARDS, f"s3://{BUCKET}/none/*.tar", ["input.shards: nothing matches", "check the path"]),
    (SHARDS, f"s3://{BUCKET}/shards", ["is a folder: write", "shards/*.tar"]),
    (SHARDS, f"s3://{BUCKET}/shards/00009.tar", ["00009.tar not found: check the path"]),
    (SHARDS, f"s3://{BUCKET}//shards/*.tar", ["input.shards: ", "has an empty part"]),
    (SHARDS, f"s3://{BUCKET}/a/../shards/*.tar", ["input.shards: ", "or . or .. as one"]),
    (SHARDS, f"s3://{BUCKET}/odd/*.tar", ["input.shards: ", "backslash", "rename it"]),
    (SHARDS, f"s3://{BUCKET}/broken/*.tar", ["/broken: has an object with the name", "a\\nb.tar'"]),
    (SHARDS, f"s3://{BUCKET}/empty-part/*.tar", ["has an object", "'empty-part//", "rename"]),
    (OUT, f"s3://{BUCKET}/empty-part", ["has an object with the name 'empty-part//b.tar'"]),
    (
        SHARDS,
        "https://example.org/*.tar",
        ["input.shards: ", "no listing, so that * cannot be a wildcard: name each"],
    ),
    (SHARDS, f"{SHARDS}', '/data/*.tar", ["names local paths and s3: name the shards of one st"]),
    (SHARDS, "https://me:word@example.org/a.tar", ["input.shards: holds a secret", "remove it"]),
    (SHARDS, "https://me@example.org/a.tar", ["https://example.org/a.tar: holds credentials"]),
    (SHARDS, ONE + "?X-Amz-Signature=0a1b", ["input.shards: holds a secret", "remove it"]),
    # The output.
    (OUT, "https://example.org/out", ["output: https://example.org/out: a web server is only r"]),
    (OUT, "s3://", ["output: s3://: names no bucket"]),
    (OUT, "s3://nowhere/out", ["s3://nowhere/out", "there is no such bucket: create"]),
    (OUT, "pipe:cat > a", ["output: pipe: is refused"]),
    (OUT, "wasb://c/out", ["output: wasb://c/out: wasb:// cannot be read: write az://"]),
    (OUT, f"s3://{BUCKET}/out//a", ["output: ", "has an empty part"]),
    (OUT, f"s3://{BUCKET}/shards", [f"output: s3://{BUCKET}/shards holds shards", "/annotated"]),
    (OUT, f"s3://{BUCKET}/{'n' * 1100}", ["output: ", "1,100 bytes after the bucket", "shorten"]),
    (
        OUT,
        f"s3://{BUCKET}/{'/'.join([LONG] * 5)}",
        ["output: ", "1,004 bytes", "need up to 80 more of the 1,024"],
    ),
    (
        "output: ",
        f"output: s3://{BUCKET}/images/out\nx: ",
        ["x: unknown key"],
    ),
    # Settings.
    ("name: urls", "name: urls\nstorage: {s3: {}}", ["storage.s3: write s3://, with both"]),
    ("name: urls", 'name: urls\nstorage: {"ftp://": {}}', ["storage.ftp://: name a kind of store"]),
    (
        "name: urls",
        'name: urls\nstorage: {"s3://corpus/folder": {}}',
        ["settings are those of a whole bucket: write s3://corpus"],
    ),
    *(
        ("name: urls", f'name: urls\nstorage: {{"{store}": {{{setting}}}}}', parts)
        for store, setting, parts in (
            ("s3://", "endpoint: minio:9000", [".endpoint: write https://minio:9000, or http://"]),
            ("s3://", "endpoint: s3://corpus", [".endpoint: write the URL of the server, such as"]),
            ("s3://", "endpoint: 'https://a@host'", [".endpoint: holds credentials: remove them"]),
            ("s3://", "endpoint: 'https://a:b@host'", ["storage.s3://.endpoint: holds a secret"]),
            ("s3://", "region: 'eu central'", [".region: write the name of a region, such as"]),
            ("gs://", "requester_pays: true", ["requester_pays: only s3:// knows it", "remove it"]),
            ("gs://", "region: eu", ["storage.gs://.region: only s3:// buckets are addressed"]),
            ("https://", "anonymous: true", [".anonymous: no credentials are ever sent"]),
            ("https://", "endpoint: 'https://a'", [".endpoint: the URL of a file on a web"]),
            ("s3://", "anonymous: yes", [".anonymous: must be true or false", "write true"]),
            ("s3://", "anon: true", ["anon: unknown key: it is called storage.NAME.anonymous"]),
            ("s3://", "endpoint_url: 'http://a'", ["unknown key: did you mean 'endpoint'?"]),
            ("s3://", "secret_access_key: a", ["secret_access_key: ", "environment", "remove"]),
            ("s3://", "read_seconds: 0", ["storage.s3://.read_seconds: must be greater than 0"]),
        )
    ),
    # Lists and models.
    (
        "{kind: image_size}",
        "{kind: words, path: 's3://nowhere/w.txt'}",
        ["s3://nowhere/w.txt"],
    ),
    (
        "{kind: image_size}",
        "{kind: words, path: 'ftp://host/w.txt'}",
        ["ftp:// cannot be read: copy the files"],
    ),
    (
        "name: urls",
        "name: urls\nfilters_from: s3://nowhere/out",
        ["filters_from: ", "s3://nowhere/out", "there is no such bucket"],
    ),
    *(
        (
            "name: urls",
            f"name: urls\nmodel: {{checkpoint: '{name}', device: cpu}}\n"
            "tasks: {caption: {kind: caption}}",
            ["model.checkpoint: ", *parts],
        )
        for name, parts in (
            ("s3://nowhere/model", ["there is no such bucket"]),
            (f"s3://{BUCKET}/shards", ["no file of a model directly in this folder"]),
            ("hf://google/paligemma", ["give a model by its hub id"]),
            (
                "https://huggingface.co/google/paligemma2-3b-mix-224/tree/main",
                ["is a page of the hub: write the hub id, google/paligemma2-3b-mix-224"],
            ),
            ("https://example.org/model", ["a web server cannot be listed"]),
        )
    ),
]

USAGE = [
    ("run s3://small-s3/none.yaml", ["s3://small-s3/none.yaml: cannot be read", "check the URL"]),
    ("run s3://me:word@small-s3/job.yaml", ["s3://small-s3/job.yaml: holds credentials"]),
    ("run pipe:cat", ["pipe: is refused"]),
    ("run ftp://host/job.yaml", ["ftp:// cannot be read: copy the files to a folder or a bucket"]),
    ("status s3://small-s3/none", ["s3://small-s3/none: is not an output of shardmill"]),
    ("status s3://nowhere/out", ["s3://nowhere/out", "there is no such bucket"]),
    ("status s3://", ["s3://: names no bucket"]),
    ("verify https://me@example.org/out", ["https://example.org/out: holds credentials"]),
    ("inspect https://example.org/out", ["a web server has no listing"]),
    ("look s3://small-s3 00000.tar 0", ["s3://small-s3: is not an output of shardmill"]),
    ("plan job.yaml --output s3://small-s3/a//b", ["output: s3://small-s3/a//b: has an empty"]),
    (f"plan {'s3://small-s3/' + 'n' * 1100}", ["bytes after the bucket", "shorten it"]),
]

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def server(small_s3: SmallS3) -> SmallS3:
    small_s3.objects[BUCKET] = {
        "shards/00000.tar": tar_bytes(pairs(1)),
        "odd/a\\b.tar": b"",
        "broken/a\nb.tar": b"",
        "empty-part/a.tar": b"",
        "empty-part//b.tar": b"",
    }
    return small_s3


@pytest.fixture
def call(server: SmallS3, command_line: CommandLine) -> Call:
    """Run a command beside a job file; return the exit code and stderr."""

    def call(*arguments: str, text: str = JOB) -> tuple[int, str]:
        Path("job.yaml").write_text(text)
        ended = command_line(*arguments)
        return ended.code, ended.err

    return call


def check(found: tuple[int, str], parts: Sequence[str]) -> None:
    code, stderr = found
    line = stderr.removesuffix("\n")
    assert code == 2, line
    assert line.startswith("shardmill: ")
    assert "\n" not in line
    assert "word" not in line
    assert "Auth" not in line
    for part in parts:
        assert part in line, line


@pytest.mark.parametrize(("old", "new", "parts"), MISTAKES)
def test_a_wrong_url_in_a_job(call: Call, old: str, new: str, parts: Sequence[str]) -> None:
    assert old in JOB
    text = JOB.replace(old, new, 1)
    if "', '" in new:
        text = text.replace(f'"{new}"', f"['{new}']")
    check(call("plan", "job.yaml", text=text), parts)


@pytest.mark.parametrize(("command", "parts"), USAGE)
def test_a_wrong_url_on_the_command_line(call: Call, command: str, parts: Sequence[str]) -> None:
    check(call(*command.split()), parts)


def test_denied_requests_are_told(call: Call, server: SmallS3) -> None:
    server.denied = True
    denied, advice = "access denied", ": check the credentials"
    check(call("plan", "job.yaml"), [f"output: {OUT} cannot be read: {denied}", advice])
    local = JOB.replace(OUT, "out")
    check(call("plan", "job.yaml", text=local), ["input.shards: ", denied, advice])
    check(call("run", f"s3://{BUCKET}/job.yaml"), ["job.yaml: cannot be read", denied, advice])
    check(call("status", OUT), [OUT, denied, advice])


@pytest.mark.parametrize("conditions", ["ignored", "refused"])
@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_store_without_conditions_gets_no_output(
    call: Call, server: SmallS3, conditions: str, command: str
) -> None:
    server.conditions = conditions
    text = JOB + 'storage: {"s3://": {retry_seconds: 0}}\n'
    check(
        call(command, "job.yaml", text=text),
        [f"output: {OUT}: its store does not create objects only"],
    )
    assert not [key for key in server.objects[BUCKET] if key.startswith("out/")]


def test_plan_leaves_nothing_behind(call: Call, server: SmallS3) -> None:
    before = dict(server.objects[BUCKET])
    assert call("plan", "job.yaml")[0] == 0
    assert server.objects[BUCKET] == before
    puts = [path for method, path in server.requests if method == "PUT"]
    assert all("/out/_shardmill/probe-" in path for path in puts)
    assert len(puts) == 1  # twice the same object


def test_names_of_an_output_that_no_store_takes_are_refused(call: Call, server: SmallS3) -> None:
    folder = "/".join(["n" * 200] * 4)
    server.objects[BUCKET][f"long/{folder}/{'m' * 190}.tar"] = tar_bytes(pairs(1))
    text = JOB.replace(SHARDS, f"s3://{BUCKET}/long/**/*.tar")
    check(call("plan", "job.yaml", text=text), ["output: the files of", "at most 1024 are"])


@pytest.mark.parametrize("setting", ["storage.s3://.anonymous", "storage.s3://my.own.anonymous"])
def test_settings_of_buckets_with_dots_are_set(setting: str) -> None:
    job = Job.parse(JOB, settings=[f"{setting}=true"])
    ((bucket, settings),) = job.storage.items()
    assert f"storage.{bucket}.anonymous" == setting
    assert settings.anonymous


def test_a_bucket_may_be_named_with_a_slash() -> None:
    job = Job.parse(JOB + 'storage: {"s3://corpus/": {region: eu-west-1}}\n')
    assert job.storage["s3://corpus"].region == "eu-west-1"
