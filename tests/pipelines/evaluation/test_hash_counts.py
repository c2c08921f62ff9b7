"""Counts of hashes on disk equal those of a dictionary, and make the same metric."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from caption_samples import SAMPLES
from hypothesis import given
from hypothesis import strategies as st

from pipelines.evaluation.metrics import hash_counts
from pipelines.evaluation.metrics.all_metrics import METRICS
from pipelines.evaluation.metrics.hash_counts import HashCounts

EDGES = [0, 1, 2**56 - 1, 2**56, 2**63, 2**64 - 2, 2**64 - 1]
hashes = st.lists(st.sampled_from(EDGES) | st.integers(0, 2**64 - 1), max_size=40)


@pytest.fixture(scope="module", params=[(3, 2), (4, 1 << 23), (1 << 21, 1 << 23)])
def memory(request: pytest.FixtureRequest) -> Iterator[None]:
    """Runs of 3 and tables of 2 hashes, runs of 4 alone, and the true sizes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hash_counts, "_RUN", request.param[0])
        patch.setattr(hash_counts, "_IN_MEMORY", request.param[1])
        yield


@pytest.mark.usefixtures("memory")
@given(added=st.lists(hashes, max_size=5), least=st.integers(1, 3))
def test_counts_are_those_of_a_dictionary(added: list[list[int]], least: int) -> None:
    counts = HashCounts()
    for each in added:
        counts.add(np.array(each, np.uint64))
    expected = Counter(each for part in added for each in part)
    asked = [*expected, *EDGES, 12345]
    found = counts.table(least).of(np.array(asked, np.uint64))
    wanted = [expected[each] if expected[each] >= least else 1 for each in asked]
    assert found.tolist() == [max(each, 1) for each in wanted]


@pytest.mark.usefixtures("memory")
def test_cider_is_the_same() -> None:
    metric = METRICS["cider"].prepared(each.references for each in SAMPLES)
    assert metric.corpus(metric.statistics(SAMPLES))["cider"] == pytest.approx(
        1.689492530951004, abs=1e-12
    )
