"""The metrics, with one that decides entailment by equality, for tests of what holds for all."""

from collections.abc import Mapping, Sequence

from pipelines.evaluation.metrics import all_metrics
from pipelines.evaluation.metrics.metric import Metric
from pipelines.evaluation.metrics.non_entailed import Claim, NonEntailed


def entails_equal(claims: Sequence[Claim]) -> list[bool]:
    """Let a text entail its own sentences alone."""
    return [any(claim.sentence in premise for premise in claim.premises) for claim in claims]


METRICS: Mapping[str, Metric] = {
    name: metric.judged_by(entails_equal) if isinstance(metric, NonEntailed) else metric
    for name, metric in all_metrics.METRICS.items()
}
