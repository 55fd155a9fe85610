"""The short measurement fails if a ratio is worse by more than a quarter, and names the ratio."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import bar
from bench.comparison import comparable, differences
from bench.summary import summaries


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar, "FILE", tmp_path / "bar.json")
    bar.keep({"desk": 2.0, "lean": 4.0})


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(("lean", "worse"), [(1.0, False), (5.0, False), (5.01, True)])
def test_a_ratio_may_be_worse_by_a_quarter(lean: float, worse: bool) -> None:
    problems = bar.check({"desk": 2.0, "lean": lean})
    assert [problem.partition(":")[0] for problem in problems] == (["lean"] if worse else [])


def test_the_kept_ratios_are_of_what_is_measured() -> None:
    assert set(json.loads(bar.FILE.read_text())["ratios"]) == {
        f"{query} officer, 16 conn." for query in ("desk", "lean")
    }


def test_answers_differ_where_a_value_or_a_length_does() -> None:
    here = {"a": [1, {"b": "2026-01-01T00:00:00.500000+00:00"}], "lagSeconds": 1.0}
    same = {"lagSeconds": 2.0, "a": [1, {"b": "2026-01-01T00:00:00.5+00:00"}]}
    assert comparable(here) == comparable(same)
    assert list(differences(here, same)) != []
    assert list(differences({"a": [1, 2]}, {"a": [1]})) == ["data.a is [1] instead of [1, 2]"]
    assert list(differences({"a": None}, {"a": 0})) == ["data.a is 0 instead of None"]
    assert list(differences({"a": 1, "b": 2}, {"b": 2, "a": 1})) == []


def test_ratios_are_of_the_same_round() -> None:
    def measured(per_second: float, server: float, database: float) -> dict[str, float]:
        return {"per_second": per_second, "server_cpu_ms": server, "postgres_cpu_ms": database}

    base = [measured(100, 1, 1), measured(50, 2, 2), measured(200, 1, 3)]
    hub = [measured(50, 2, 2), measured(50, 2, 2), measured(50, 5, 3)]
    (of_case,) = summaries({"case": {"hub": hub, "hand-written": base}}).values()
    assert of_case["hub"]["requests_ratio"] == {"median": 0.5, "least": 0.25, "greatest": 1.0}
    assert of_case["hub"]["server_cpu_ratio"] == {"median": 2.0, "least": 1.0, "greatest": 5.0}
    assert of_case["hub"]["cpu_ratio"] == {"median": 2.0, "least": 1.0, "greatest": 2.0}
    assert of_case["hand-written"]["cpu_ratio"] == {"median": 1.0, "least": 1.0, "greatest": 1.0}
