"""All metrics by name."""

from collections.abc import Mapping
from types import MappingProxyType

from pipelines.evaluation.metrics.bleu import Bleu4
from pipelines.evaluation.metrics.cider import Cider
from pipelines.evaluation.metrics.metric import Metric
from pipelines.evaluation.metrics.rouge import RougeL

METRICS: Mapping[str, Metric] = MappingProxyType(
    {metric.name: metric for metric in (Cider(), Bleu4(), RougeL())}
)
