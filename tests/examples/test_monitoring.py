"""The dashboard, the alerts and docs/monitoring.md name what there is."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipelines.config.metrics import OWN_LABELS
from pipelines.logs.events import ALWAYS, EVENTS, KEYS
from pipelines.metrics.families import FAMILIES, Family, series_names

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples/monitoring"
NAMES = {f"shardmill_{f.name}{'_total' if f.kind == 'counter' else ''}": f for f in FAMILIES}
KNOWN_LABELS = {"job_name", "instance", "team", *OWN_LABELS}


def dashboard() -> Any:
    return json.loads((FOLDER / "dashboard.json").read_text())


def panel_expressions() -> list[str]:
    return [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]


def alerts() -> Any:
    read = YAML(typ="safe", pure=True).load(FOLDER / "alerts.yml")
    return [rule for group in read["groups"] for rule in group["rules"]]


def check(expression: str) -> None:
    """Check that a metric and the labels by which it is selected or grouped exist."""
    names = re.findall(r"shardmill_\w+", expression)
    assert names
    assert set(names) <= series_names(), expression
    families: list[Family] = [NAMES[name] for name in names]
    labels = {"job_name", *(label for family in families for label in family.labels)}
    for group in re.findall(r"by \(([^)]*)\)", expression):
        assert {label.strip() for label in group.split(",")} <= labels, expression
    for name, selected in re.findall(r"(shardmill_\w+)\{([^}]*)\}", expression):
        for label in re.findall(r"(\w+)=", selected):
            assert label in ("job_name", *NAMES[name].labels), expression
    for opening, closing in ("()", "{}", "[]"):
        assert expression.count(opening) == expression.count(closing)


@pytest.mark.parametrize("expression", panel_expressions())
def test_every_panel_shows_metrics_that_there_are(expression: str) -> None:
    check(expression)
    assert 'job_name=~"$job_name"' in expression


def test_panels_have_names_and_places_of_their_own() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        assert panel["description"].endswith(".")
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_legends_name_labels_that_there_are() -> None:
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= KNOWN_LABELS


def test_single_values_have_colors_of_their_own() -> None:
    """Without thresholds, Grafana shows values from 80 on in red, whatever they mean."""
    for panel in dashboard()["panels"]:
        if panel["type"] in ("stat", "bargauge"):
            assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None


def test_numbers_of_ended_runs_stay() -> None:
    """Counters of a port vanish with its run; a sum of what is left would fall."""
    for expression in panel_expressions():
        for name, family in NAMES.items():
            if family.kind == "counter" and name in expression:
                kept = rf"(last_over_time|rate|increase)\({name}\{{[^}}]*\}}\["
                assert re.search(kept, expression), expression


def test_the_variable_reads_a_metric_that_there_is() -> None:
    (query,) = (
        variable["query"]["query"]
        for variable in dashboard()["templating"]["list"]
        if variable["type"] == "query"
    )
    check(query)


def test_alerts_name_metrics_that_there_are() -> None:
    assert len(alerts()) == 3
    for rule in alerts():
        check(rule["expr"])
        assert rule["annotations"]["summary"].endswith(".")


@pytest.mark.skipif(not shutil.which("promtool"), reason="Prometheus is not installed")
def test_prometheus_accepts_the_alerts() -> None:
    subprocess.run(["promtool", "check", "rules", FOLDER / "alerts.yml"], check=True)


@pytest.mark.skipif(not shutil.which("promtool"), reason="Prometheus is not installed")
def test_alerts_fire_when_they_should() -> None:
    cases = Path(__file__).with_name("alert_cases.yml")
    subprocess.run(["promtool", "test", "rules", cases], check=True)


def test_the_document_lists_every_event_key_metric_and_alert() -> None:
    lines = (ROOT / "docs/monitoring.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| `")]

    def quoted(words: tuple[str, ...]) -> str:
        return ", ".join(f"`{word}`" for word in words)

    expected = [
        f"| `{name}` | {event.level} | {event.meaning} | {quoted(event.keys)} |"
        for name, event in EVENTS.items()
    ]
    expected += [f"| `{key}` | {text} |" for key, (_, text) in KEYS.items() if key not in ALWAYS]
    expected += [
        f"| `{name}` | {quoted(family.labels)} | {family.kind} | {family.meaning} |"
        for name, family in NAMES.items()
    ]
    assert [row for row in expected if row not in rows] == []
    documented = {row.split("`")[1] for row in rows if not row.startswith("| `--")}
    alert_names = {rule["alert"] for rule in alerts()}
    assert documented == {*EVENTS, *KEYS, *NAMES, *alert_names} - set(ALWAYS)
