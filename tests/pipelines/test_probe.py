from making import job, pairs, write_shard
from pipelines.worker import Worker
from pipelines.plan import plan, begin
from pipelines.storage import LocalStorage
import pyarrow.parquet as pq
from pipelines.runs import run
def test_x(tmp_path, checkpoint):
    write_shard(tmp_path/"shards"/"a.tar", pairs(6))
    s = run(job(tmp_path, checkpoint))
    print(s, pq.read_table(tmp_path/"output/a.parquet").to_pylist()[0])
