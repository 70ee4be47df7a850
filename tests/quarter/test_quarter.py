"""The public interface: what an analyst or a script gets of one quarter, on the demo."""

from __future__ import annotations

import doctest
import inspect
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import Quarter
from analysis.faults import BadParameters
from analysis.parameters import RunParameters
from analysis.quarter import quarter as module
from analysis.quarter import series, stages
from analysis.quarter.fingerprint import fingerprint
from changed_results import changed


@pytest.fixture
def q(demo_run: RunParameters, demo_processed: Path, monkeypatch: pytest.MonkeyPatch) -> Quarter:
    monkeypatch.setattr(stages, "PROCESSED", demo_processed)
    return Quarter(demo_run)


@pytest.fixture
def with_results(q: Quarter) -> Callable[..., Quarter]:
    """Return a quarter whose results are others."""

    def of(**tables: object) -> Quarter:
        other = replace(q)
        vars(other)["results"] = changed(q.results, **tables)
        return other

    return of


def test_every_example_of_the_interface_holds(q: Quarter) -> None:
    names = {"q": q, "Quarter": Quarter}
    tests = [
        one for part in (module, series) for one in doctest.DocTestFinder().find(part, globs=names) if one.examples
    ]
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for one in tests:
        runner.run(one)
    assert runner.summarize(verbose=False).failed == 0
    public = {name for name, _ in inspect.getmembers(Quarter, _is_called) if not name.startswith("_")}
    assert public - {one.name.rpartition(".")[2] for one in tests} == set()


def _is_called(member: object) -> bool:
    return inspect.isfunction(member) or inspect.ismethod(member)


def test_importing_the_package_alone_imports_no_stack() -> None:
    code = "import sys, analysis; assert 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_series_has_a_full_range_of_periods_and_gaps_are_missing(q: Quarter, with_results) -> None:
    rows = q.results.indicators.series
    gap = (rows["indicator"] == "online_of_all") & (rows["period"] == "2020-05") & (rows["dimension"] == "total")
    whole, gappy = q.share("online_of_all"), with_results(series=rows[~gap]).share("online_of_all")
    assert isinstance(gappy.index, pd.PeriodIndex)
    assert gappy.index.equals(whole.index)
    assert gappy["value"].isna().sum() == 1
    assert gappy.loc["2020-05"].isna().all()
    counted = q.data.counts.pivot_table(index="period", columns="channel", values="resolved", aggfunc="sum")
    expected = counted["online"] / counted.sum(axis=1)
    np.testing.assert_allclose(whole["value"], expected, rtol=1e-12)


@pytest.mark.parametrize("member", [{}, {"field": "datdai"}], ids=["the whole", "a field"])
def test_the_model_of_record_is_what_the_page_decomposes(q: Quarter, member: dict[str, str]) -> None:
    name = "overdue" if member else "online_of_all"
    model = q.model(name, **member)
    rows = q.results.forecast.components
    series = next(iter(member.values()), "total")
    page = rows[(rows["indicator"] == name) & (rows["series"] == series)].reset_index(drop=True)
    shown = model.observed.loc[page["period"].iloc[0] :]
    np.testing.assert_array_equal(model.results.smoothed_state[0][-len(page) :], page["level"])
    np.testing.assert_array_equal(shown["season"], page["season"])
    np.testing.assert_allclose(shown["link_value"], page["observed"], rtol=0, atol=0)
    assert model.grid["weight"].sum() == pytest.approx(1.0)
    assert model.grid["weight"].is_monotonic_decreasing


def test_its_results_and_a_maximum_likelihood_fit_are_results_of_statsmodels(q: Quarter) -> None:
    model = q.model("online_of_all")
    fitted = model.fit()
    assert fitted.llf >= model.results.llf
    assert (fitted.params.iloc[2:] > 0).all()
    for results, label in ((model.results, "model of record"), (fitted, "comparison: maximum likelihood")):
        assert label in str(results.summary())
        ahead = results.get_forecast(3).summary_frame(alpha=0.2)
        assert ahead.index.equals(model.season_ahead.index)
        assert (ahead["mean_ci_lower"] < ahead["mean_ci_upper"]).all()
        assert np.asarray(results.simulate(3, anchor="end", repetitions=5)).size == 15
        assert len(results.plot_diagnostics().axes) == 4


def test_the_level_mixes_the_grid_points_by_their_weights(q: Quarter) -> None:
    model = q.model("online_of_all")
    model.grid = model.grid.assign(weight=[0.75, 0.25, *[0.0] * (len(model.grid) - 2)])
    first, second = (model.at(rank) for rank in (0, 1))
    mean = 0.75 * first.smoothed_state[0] + 0.25 * second.smoothed_state[0]
    variance = sum(
        weight * (one.smoothed_state_cov[0, 0] + (one.smoothed_state[0] - mean) ** 2)
        for weight, one in ((0.75, first), (0.25, second))
    )
    np.testing.assert_allclose(model.level()["mean"], mean, rtol=1e-12)
    np.testing.assert_allclose(model.level()["deviation"], np.sqrt(variance), rtol=1e-9)


def test_the_headline_is_one_line_on_the_draws(q: Quarter) -> None:
    of_all, of_published = q.year_end("online_of_all") >= 0.30, q.year_end("online_of_published") >= 0.50
    promise = q.promise("online_uptake")
    assert q.probability(of_all) == promise.parts.loc["of_all", "probability"]
    assert q.probability(of_all | of_published) == promise.probability
    assert q.probability([True]) == 1.0  # decided by arithmetic
    assert q.probability([True] * 200) == 0.995


def test_shares_leave_out_what_the_input_has_no_counts_of(q: Quarter) -> None:
    promised = q.promised.query("topic == 'online'")
    nobody = pd.concat([promised, promised.head(1).assign(indicator="nobody").rename(index=lambda label: "x")])
    pd.testing.assert_frame_equal(q.shares(nobody), q.shares(promised))


def test_year_end_values_add_up_before_the_ratio(q: Quarter) -> None:
    draws = q.draws("online_of_all")
    so_far = q.share("online_of_all").loc["2021-01":"2021-09", ["numerator", "denominator"]].sum()
    rest = draws[draws["draw"] == 7][["numerator", "denominator"]].sum()
    both = so_far + rest
    assert q.year_end("online_of_all").loc[7] == pytest.approx(both["numerator"] / both["denominator"], rel=1e-14)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda q: q.share("online_of_al"), "no indicator 'online_of_al' was measured; did you mean 'online_of_all'"),
        (lambda q: q.share("online_of_all", agency="ubnd-n"), "online_of_all has no agency 'ubnd-n'; did you mean"),
        (lambda q: q.share("online_of_all", ward="x"), "it is cut by agency, field, district"),
        (lambda q: q.share("online_of_all", agency="stp", field="datdai"), "one dimension was expected"),
        (lambda q: q.model("online_of_published"), "inside the draws from online_of_all and published_of_offline"),
        (lambda q: q.model("portal_integration"), "has no model of record"),
        (lambda q: q.year_end("overdue"), "overdue, total total: nothing is drawn; drawn are field datdai"),
        (lambda q: q.shares("overdue"), r"shares takes rows of `promised`; for one series there is share\('overdue'\)"),
        (lambda q: q.compare("2021-Q2"), "a quarter to compare with was expected, such as Quarter.open"),
        (lambda q: q.probability(0.3), "a yes or no for each draw was expected"),
        (lambda q: q.names("agenc"), "no indicator is cut by 'agenc'; did you mean 'agency'?"),
        (
            lambda q: q.what_if("online_uptake", points=5),
            "points are a share, from -1 to 1: five points are 0.05, found 5",
        ),
        (lambda q: q.promise("uptake"), "the plan has no promise 'uptake'; "),
        (lambda q: q.answering(overdue_scop="pooled"), "no question 'overdue_scop'; did you mean 'overdue_scope'"),
    ],
)
def test_what_there_is_not_is_said_in_a_sentence(q: Quarter, ask, sentence: str) -> None:
    with pytest.raises(BadParameters, match=sentence):
        ask(q)


def test_it_shows_itself(q: Quarter) -> None:
    assert "khanh-hoa-2021 2021-Q3" in repr(q)
    assert "SIMULATED DATA" in repr(q)
    assert "SIMULATED DATA" in q._repr_html_()
    assert q._repr_html_().count("<tr") == 1 + len(q.plan.targets)
    assert '<th style="min-width: 200px;">promise</th>' in q._repr_html_()
    assert "uncertain" in repr(q.promise("online_uptake"))
    assert "of_published" in q.promise("online_uptake")._repr_html_()


def test_a_published_quarter_opens_as_it_was_published_and_says_by_which_code(
    q: Quarter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_of = fingerprint(q.run, published=stages.PUBLISHED, code="0123456789abcdef")
    processed = tmp_path / "processed"
    replace(q.results, fingerprint=made_of, version="0.0.9").store(processed / made_of.key)
    folder = tmp_path / "reports" / q.run.plan_name / q.run.quarter
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"recipe": {"results_key": made_of.key}}), encoding="utf-8")
    monkeypatch.setattr(stages, "PROCESSED", processed)
    monkeypatch.setattr(stages, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(stages, "results", lambda run: pytest.fail("computed anew"))
    began = time.perf_counter()
    opened = Quarter(q.run)
    assert (opened.made_by, opened.is_current) == ("version 0.0.9, code 01234567", False)
    assert time.perf_counter() - began < 1
    monkeypatch.setattr(stages, "results", lambda run: q.results)
    assert Quarter(q.run, fresh=True).is_current
    # Another seed is another quarter: what was published does not stand for it.
    assert Quarter(q.run.model_copy(update={"seed": 7})).is_current


def test_another_answer_is_another_stored_result_and_the_same_run(q: Quarter) -> None:
    other = q.answering(overdue_scope="pooled")
    assert other.run == q.run.model_copy(update={"answers": {"overdue_scope": "pooled"}})
    assert other.answering(overdue_scope="per_field").run.answers == {"overdue_scope": "per_field"}
