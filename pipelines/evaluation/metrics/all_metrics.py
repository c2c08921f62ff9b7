"""All metrics by name."""

from collections.abc import Mapping
from types import MappingProxyType

from pipelines.evaluation.metrics.anls import Anls
from pipelines.evaluation.metrics.answer_accuracy import (
    Counting,
    DirectAnswer,
    Exact,
    MultipleChoice,
    PairedAccuracy,
    Relaxed,
    VqaAccuracy,
)
from pipelines.evaluation.metrics.bleu import Bleu4
from pipelines.evaluation.metrics.box_matching import BoxF1
from pipelines.evaluation.metrics.cider import Cider
from pipelines.evaluation.metrics.coco_map import CocoMap
from pipelines.evaluation.metrics.error_rates import Cer, Ler, Ser, Wer
from pipelines.evaluation.metrics.grits import GritsContent, GritsTopology
from pipelines.evaluation.metrics.mask_iou import MaskIou
from pipelines.evaluation.metrics.metric import Metric
from pipelines.evaluation.metrics.non_entailed import NonEntailed
from pipelines.evaluation.metrics.rouge import RougeL
from pipelines.evaluation.metrics.teds import StructureTeds, Teds
from pipelines.evaluation.metrics.text_lengths import TextLengths
from pipelines.evaluation.metrics.text_spotting import HierText, TextSpotting
from pipelines.evaluation.metrics.yes_no import Pope

_CAPTIONS = (Cider(), Bleu4(), RougeL(), TextLengths(), NonEntailed())
_ANSWERS = (
    VqaAccuracy(),
    DirectAnswer(),
    Exact(),
    Relaxed(),
    Anls(),
    MultipleChoice(),
    Counting(),
    PairedAccuracy(),
    Pope(),
)
_PLACES = (BoxF1(), MaskIou(), TextSpotting(), HierText())
_TRANSCRIPTIONS = (Cer(), Wer(), Ler(), Ser())
_TABLES = (Teds(), StructureTeds(), GritsTopology(), GritsContent())

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (*_CAPTIONS, *_ANSWERS, *_PLACES, *_TRANSCRIPTIONS, *_TABLES)
    }
)

CORPUS_METRICS: Mapping[str, CocoMap] = MappingProxyType({CocoMap.name: CocoMap()})
"""Metrics that are no sum over samples: samples have no scores of their own."""

ALL_METRICS: Mapping[str, Metric | CocoMap] = MappingProxyType({**METRICS, **CORPUS_METRICS})
"""The metrics of both kinds, by the names that a command takes."""
