"""The command as an analyst calls it: files written whole, refusals in one sentence."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

from analysis.cli import main
from analysis.forecast.backtest.automatic_models import CONFORMAL, NATIVE, is_installed
from analysis.forecast.backtest.grading import SCHEMA, TOTALS_SCHEMA
from analysis.forecast.backtest.rolling import MODELS, OWN_MODELS
from analysis.publish.backtest_folder import chosen_models


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three and a quarter years of six series: a gap, a constant, a late start, none."""
    rng = np.random.default_rng(0)
    rows = []
    periods = [str(period) for period in pd.period_range("2018-01", periods=39, freq="M")]
    for name in ("gap", "constant", "late", "none", "x", "y"):
        z = np.cumsum(rng.normal(0, 0.1, 39)) - 0.5
        N = rng.poisson(120, 39)
        K = rng.binomial(N, 1 / (1 + np.exp(-z)))
        for t, period in enumerate(periods):
            if (name == "gap" and 5 <= t < 8) or (name == "late" and t < 14):
                continue
            counts = {"constant": (30, 100), "none": (0, N[t])}.get(name, (K[t], N[t]))
            rows.append((name, period, *counts, "note"))
    folder = tmp_path_factory.mktemp("offices")
    frame = pd.DataFrame(rows, columns=["series", "period", "numerator", "denominator", "extra"])
    frame.to_csv(folder / "panel.csv", index=False)
    return folder


def run(*arguments):
    return CliRunner().invoke(main, ["backtest", *map(str, arguments)])


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    result = run(folder / "panel.csv", "--out", out, "--language", "en")
    assert result.exit_code == 0, result.output
    return out


def test_every_file_is_there_and_nothing_else(made):
    names = {path.name for path in made.iterdir()}
    assert names == {
        "forecasts.parquet", "totals.parquet", "scores.csv", "years.csv", "calibration.csv", "places.csv", "skill.csv",
        "report.html",
    }  # fmt: skip


def test_rows_have_the_columns_and_types_of_the_contract(made, folder):
    assert pq.read_schema(made / "forecasts.parquet").equals(SCHEMA)
    assert pq.read_schema(made / "totals.parquet").equals(TOTALS_SCHEMA)
    frame = pd.read_parquet(made / "forecasts.parquet")
    assert set(frame["panel"]) == {folder.name}
    assert set(frame["model"]) == set(OWN_MODELS)  # statsmodels' are asked for by name, or all at once
    assert not frame.duplicated(["series", "year", "origin", "model", "threshold"]).any()
    raw = frame["model"].str.startswith("raw_")
    assert set(frame.loc[raw, "probability"]) <= {0.0, 1.0}
    assert frame.loc[~raw, "probability"].between(0.005, 0.995).all()
    quantiles = frame[["q025", "q10", "q25", "q50", "q75", "q90", "q975"]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()


def test_the_year_that_goes_on_has_neither_observed_nor_outcome(made):
    frame = pd.read_parquet(made / "forecasts.parquet")
    going = frame["year"] == 2021
    assert set(frame.loc[going, "origin"]) == {0, 1}
    assert frame.loc[going, ["observed", "outcome"]].isna().all().all()
    done = frame[~going]
    assert done["observed"].notna().all()
    assert ((done["observed"] >= done["threshold"]) == (done["outcome"] == 1)).all()


def test_scores_are_those_of_the_rows(made):
    rows = pd.read_parquet(made / "forecasts.parquet").dropna(subset="observed")
    table = pd.read_csv(made / "scores.csv")
    assert list(table.columns) == [
        "panel", "model", "origin", "n", "brier", "log_score", "crps", "wis", "mae_pp", "coverage_50", "coverage_80",
        "coverage_95",
    ]  # fmt: skip
    mine = rows[(rows["model"] == "hub") & (rows["origin"] == 2)]
    row = table[(table["model"] == "hub") & (table["origin"] == 2)].iloc[0]
    once = mine.drop_duplicates(["series", "year"])
    assert row["n"] == len(once)
    assert row["brier"] == pytest.approx(((mine["probability"] - mine["outcome"]) ** 2).mean())
    assert row["mae_pp"] == pytest.approx(100 * (once["q50"] - once["observed"]).abs().mean())
    assert row["coverage_80"] == pytest.approx(once["observed"].between(once["q10"], once["q90"]).mean())


def test_the_page_stands_alone(made):
    page = BeautifulSoup((made / "report.html").read_text(encoding="utf-8"), "html.parser")
    assert page.html["lang"] == "en"
    assert not page.find_all("script")
    figures = page.find_all("figure")
    assert len(figures) == 2
    assert all(figure.find("p", class_="message").text and figure.svg["aria-label"] for figure in figures)
    assert "Is it better than what is simpler?" in [heading.text for heading in page.find_all("h2")]


def test_years_start_where_they_are_said_to(folder, tmp_path):
    result = run(f"p={folder / 'panel.csv'}", "--out", tmp_path, "--members", "raw_ytd", "--year-start", 4)
    assert result.exit_code == 0, result.output
    frame = pd.read_parquet(tmp_path / "forecasts.parquet")
    counts = pd.read_csv(folder / "panel.csv").query("series == 'x'")
    year = counts[counts["period"].between("2019-04", "2020-03")]
    seen = frame[(frame["series"] == "x") & (frame["year"] == 2019)]["observed"].iloc[0]
    assert seen == pytest.approx(year["numerator"].sum() / year["denominator"].sum())


def test_every_rule_of_a_promise_can_be_asked_for(folder, made, tmp_path):
    asked = ("--members", "raw_ytd", "--language", "en", "--rule", "more_than")
    result = run(folder / "panel.csv", "--out", tmp_path, *asked)
    assert result.exit_code == 0, result.output
    frame = pd.read_parquet(tmp_path / "forecasts.parquet")
    like = pd.read_parquet(made / "forecasts.parquet").query("model == 'raw_ytd'")
    assert set(frame["rule"]) == {"more_than"}
    assert frame["threshold"].tolist() == like["threshold"].tolist()
    done = frame.dropna(subset="observed")
    assert ((done["observed"] > done["threshold"]) == (done["outcome"] == 1)).all()
    assert "when it is more than the threshold" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert run(folder / "panel.csv", "--out", tmp_path, "--rule", "about").exit_code == 2


def test_models_of_other_libraries_are_asked_for_by_name_or_all_at_once():
    assert chosen_models("default") == set(OWN_MODELS)
    assert chosen_models("all") == {*MODELS} - ({*NATIVE, *CONFORMAL} if not is_installed() else set())
    assert chosen_models("default, statsmodels_theta") == {*OWN_MODELS, "statsmodels_theta"}
    assert chosen_models("hub") == {"hub"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.csv"], 2, "no such file"),
        (["a={panel}", "a={panel}"], 2, "given twice"),
        (["{panel}", "--members", "hub,prophet"], 2, "no such model 'prophet'"),
        (["{panel}", "--members", ","], 2, "no model; of default, all, hub"),
        (["{quarters}", "--year-start", "2"], 2, "1, 4, 7 or 10"),
        (["{bad}"], 3, "line 3: a numerator above its denominator"),
    ],
)
def test_what_cannot_be_is_refused_and_the_last_good_files_stay(folder, tmp_path, arguments, code, said):
    header = "series,period,numerator,denominator\n"
    quarters, bad, out = tmp_path / "quarters.csv", tmp_path / "bad.csv", tmp_path / "out"
    quarters.write_text(header + "a,2020Q1,1,10\n")
    bad.write_text(header + "a,2020-01,1,10\na,2020-02,11,10\n")
    out.mkdir()
    (out / "report.html").write_text("good")
    paths = {"panel": folder / "panel.csv", "quarters": quarters, "bad": bad}
    result = run(*(one.format(**paths) for one in arguments), "--out", out)
    assert result.exit_code == code
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert [path.name for path in out.iterdir()] == ["report.html"]


@pytest.mark.skipif(is_installed(), reason="statsforecast is installed")
def test_without_statsforecast_its_models_are_refused_in_one_sentence(folder, tmp_path):
    result = run(folder / "panel.csv", "--out", tmp_path / "out", "--members", "default,statsforecast_theta_native")
    assert result.exit_code == 2
    assert result.output == (
        "--members: statsforecast_theta_native is of statsforecast, which is not installed: "
        "pip install 'dung-hen[peers]'\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_panel_too_short_to_forecast_has_no_rows_and_a_page_that_says_so(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text("series,period,numerator,denominator\n" + "".join(f"a,2020-0{m},1,10\n" for m in range(1, 6)))
    result = run(path, "--out", tmp_path / "out", "--language", "en")
    assert result.exit_code == 0, result.output
    assert pq.read_metadata(tmp_path / "out" / "forecasts.parquet").num_rows == 0
    assert "No finished year could be scored." in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_side_by_side_and_one_after_the_other_give_the_same(tmp_path):
    code = """
import sys, pathlib
import numpy as np, pandas as pd
from analysis.forecast.backtest.backtest import backtest
from analysis.forecast.panel import Panel
if __name__ == "__main__":
    rng = np.random.default_rng(0)
    N = rng.poisson(60, (150, 40)); K = rng.binomial(N, 0.3)
    panel = Panel(tuple(f"{i:03d}" for i in range(150)), pd.period_range("2018-01", periods=40, freq="M"), K, N)
    for processes in (1, 2):
        out = pathlib.Path(sys.argv[1]) / str(processes); out.mkdir()
        told = []
        backtest(
            {"p": panel}, out, rule="at_most", members={"hub", "npeb"}, seed=1, processes=processes,
            report_progress=told.append,
        )
        (out / "told").write_text("\\n".join(sorted(told)))
"""
    script = tmp_path / "both.py"
    script.write_text(code)
    subprocess.run([sys.executable, script, tmp_path], check=True, timeout=300)
    one, two = (pd.read_parquet(tmp_path / name / "forecasts.parquet") for name in ("1", "2"))
    pd.testing.assert_frame_equal(one, two)
    assert len(one)
    told = [(tmp_path / name / "told").read_text().splitlines() for name in ("1", "2")]
    assert told[0] == told[1]
    assert "p 2020, 2 quarters known: 150 series" in told[0]
