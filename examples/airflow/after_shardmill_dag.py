"""Waits for an output of Shardmill to be whole, and then uses it.

`_SUCCESS` exists once every shard is committed. ObjectStoragePath also reads buckets, if Airflow
has the provider of the store.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import ObjectStoragePath, Param, dag, task


@dag(
    schedule="0 1 * * *",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    params={"output": Param("annotated", type="string")},
)
def after_shardmill() -> None:
    """Declare a sensor and a task behind it."""

    # Between two looks, the mode `reschedule` holds no slot of a worker.
    @task.sensor(poke_interval=60, timeout=timedelta(hours=20).total_seconds(), mode="reschedule")
    def is_whole(params: dict[str, str]) -> bool:
        return (ObjectStoragePath(params["output"]) / "_SUCCESS").exists()

    @task
    def use(params: dict[str, str]) -> int:
        """Return the number of files, in the place of what you do with them."""
        files = [path.name for path in ObjectStoragePath(params["output"]).iterdir()]
        return sum(name.endswith(".parquet") for name in files)

    is_whole() >> use()


after_shardmill()
