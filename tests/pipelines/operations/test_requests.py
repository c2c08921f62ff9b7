"""The requests that a unit costs in a bucket, as docs/buckets.md states them."""

from collections import Counter

from support.sample_data import pairs, tar_bytes
from support.small_s3 import BUCKET, SmallS3

from pipelines.config.job import Job
from pipelines.operations.run import run

JOB = f"""\
name: requests
input: {{shards: "s3://{BUCKET}/shards/*.tar", text: txt}}
filters: [{{kind: image_size, min_side: 4}}]
output: s3://{BUCKET}/out
"""


def requests_of(units: int, server: SmallS3) -> Counter[str]:
    """Run a job of some units; return the number of its requests by class."""
    server.reset()
    for number in range(units):
        server.objects[BUCKET][f"shards/{number:05}.tar"] = tar_bytes(pairs(1, seed=number))
    assert run(Job.parse(JOB)).outcome == "complete"
    classes: Counter[str] = Counter()
    for (method, path), times in server.requests.items():
        of_shard = "/shards/" in path
        put = method == "PUT" or "list-type" in path
        classes["PUT" if put else f"{'GET' if method != 'POST' else 'DELETE'} {of_shard}"] += times
    return classes


def test_a_unit_costs_few_requests(small_s3: SmallS3) -> None:
    few, many = requests_of(2, small_s3), requests_of(12, small_s3)
    assert many["PUT"] - few["PUT"] <= 3 * 10
    assert many["GET False"] - few["GET False"] <= 1 * 10
    assert many["GET True"] - few["GET True"] <= 21 * 10
