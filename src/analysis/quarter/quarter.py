"""One quarter of one plan, for notebooks and for anybody's own script: the public interface of the suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment.shifted_draws import Shift, what_if
from analysis.attainment.verdict import probability_of
from analysis.attainment.year_end import year_end
from analysis.faults import BadParameters
from analysis.forecast.rest_of_year import bases_of, fit_of_record
from analysis.forecast.series_model import SeriesModel
from analysis.indicators.measured import cut
from analysis.parameters import RunParameters, read_run_file, resolve, run_parameters, validated_run
from analysis.plan.plan import Plan, read_plan
from analysis.plan.promises import Part, Relative, Window
from analysis.plan.record import TOTAL
from analysis.quarter import comparison, stages
from analysis.quarter.promise_standing import PromiseStanding
from analysis.quarter.results import DataTables, Results

PROMISED_COLUMNS = [
    "target", "part", "indicator", "member", "topic", "rule", "threshold", "window", "drawn", "plain",
    "observed_to_date", "expected", "lower", "upper", "probability", "verdict",
]  # fmt: skip

COUNTS = ("numerator", "denominator", "value", "standard_error")
"""Columns of a series: counts, their ratio (a share 0–1, or a mean), and its standard error."""


@dataclass(frozen=True)
class Quarter:
    """One quarter of one plan: what was received, measured, forecast and judged.

    Everything comes from one stored result, the one that a scheduled run of the same parameters publishes: it is
    computed when first asked for, which takes a while, and read from then on. Frames are tidy; periods are pandas
    periods; shares are 0–1.

    Parameters
    ----------
    run : RunParameters
        The run; see `open`, `of` and `of_notebook` for other ways to say it.
    fresh : bool
        Whether results of another version of the code are left alone. By default a quarter that was published from the
        same parameters, plan and data opens as it was published, and `made_by` says by which version.

    Examples
    --------
    >>> q.run.quarter, q.plan.year
    ('2021-Q3', 2021)
    >>> round(q.probability(q.year_end("online_of_all") >= 0.30), 2)
    0.3
    """

    run: RunParameters
    fresh: bool = False

    @classmethod
    def open(cls, run_file: str | Path, *, fresh: bool = False, **overrides: Any) -> Self:
        """Return the quarter of a run file.

        Parameters
        ----------
        run_file : str or Path
            The file, relative to the working directory or to the project.
        fresh : bool
            See `Quarter`.
        **overrides
            Fields of the run that win over the file's.

        Raises
        ------
        BadParameters
            The file is missing or wrong, or names something that is not there.

        Examples
        --------
        >>> Quarter.open("parameters/khanh-hoa-2021/2021-Q3.yml", language="en").run.language
        'en'
        """
        path = Path(run_file)
        return cls(read_run_file(path if path.exists() else resolve(str(run_file)), **overrides), fresh)

    @classmethod
    def of(cls, **parameters: Any) -> Self:
        """Return the quarter of a run's parameters, as a run file names them; see `parameters.RunParameters`."""
        return cls(validated_run(parameters))

    @classmethod
    def of_notebook(cls, names: Mapping[str, Any]) -> Self:
        """Return the quarter that a notebook's parameters cell sets, given the notebook's ``globals()``."""
        return cls(run_parameters(names))

    @cached_property
    def results(self) -> Results:
        """Everything computed, stage by stage; see `quarter.results`."""
        return stages.stored(self.run, published_too=not self.fresh)

    @property
    def made_by(self) -> str:
        """Version of the project, and of its code, that computed the results."""
        return f"version {self.results.version}, code {self.results.fingerprint.code[:8]}"

    @property
    def is_current(self) -> bool:
        """Whether the code at hand computed the results."""
        return self.results.fingerprint.code == stages.CODE

    @property
    def plan(self) -> Plan:
        """The plan as it reads under the run's answers."""
        return self.results.plan

    @property
    def origin(self) -> pd.Period:
        """Last period known."""
        return self.plan.origin(self.run.quarter_period)

    @property
    def data(self) -> DataTables:
        """What was received: `counts`, `ratings`, `intake`, `rejected` and more.

        Examples
        --------
        >>> list(q.data.counts.columns[:4]), len(q.data.rejected)
        (['period', 'agency', 'district', 'field'], 0)
        """
        return self.results.data

    @property
    def indicators(self) -> pd.DataFrame:
        """`form, dimensions, series, first, last` of every indicator that was measured, by its code.

        Forms are those of the plan (share, mean, score); lists of items and surveys, which the plan declares as
        promises, have none.

        Examples
        --------
        >>> q.indicators.loc["online_of_all", "dimensions"]
        'total, agency, field, district'
        """
        rows = self.results.indicators.series
        grouped = rows.groupby("indicator", sort=False)
        forms = {code: type(one).__name__.lower() for code, one in self.plan.indicators.items()}
        found = pd.DataFrame(
            {
                "dimensions": grouped["dimension"].agg(lambda codes: ", ".join(dict.fromkeys(codes))),
                "series": grouped[["dimension", "series"]].apply(lambda one: len(one.drop_duplicates())),
                "first": grouped["period"].min(),
                "last": grouped["period"].max(),
            }
        )
        found.insert(0, "form", [forms.get(code, "") for code in found.index])
        return found

    def indicator(self, name: str) -> pd.DataFrame:
        """Return every series of an indicator.

        Parameters
        ----------
        name : str
            Its code; see `indicators`.

        Returns
        -------
        pd.DataFrame
            `dimension, series, period, numerator, denominator, value, standard_error`, of a mean also `total`: a row
            per series and period, the periods as pandas periods.

        Raises
        ------
        BadParameters
            Nobody measured such an indicator.

        Examples
        --------
        >>> online = q.indicator("online_of_all")
        >>> last_quarter = online[(online["dimension"] == "agency") & (online["period"] >= "2021-07")]
        >>> sums = last_quarter.groupby("series")[["numerator", "denominator"]].sum()
        >>> len(sums)
        34
        """
        rows = self.results.indicators.series
        mine = rows[rows["indicator"] == name]
        if mine.empty:
            raise BadParameters(f"no indicator {name!r} was measured{_near(name, rows['indicator'].unique())}")
        columns = [*COUNTS, *(one for one in ("total", "respondents") if mine[one].notna().any())]
        index = pd.PeriodIndex([periods.parse(label) for label in mine["period"]])
        return mine[["dimension", "series"]].assign(period=index).join(mine[columns]).reset_index(drop=True)

    def share(self, name: str, **member: str) -> pd.DataFrame:
        """Return one series of an indicator on a full range of periods, as statsmodels wants it.

        Parameters
        ----------
        name : str
            Code of the indicator, a share or a mean.
        **member : str
            A dimension and its code, such as ``agency="ubnd-nt"``, or a group; without one, the whole.

        Returns
        -------
        pd.DataFrame
            Index: the periods (PeriodIndex, no gaps). `numerator, denominator, value, standard_error` as numbers;
            NaN where nothing was reported.

        Raises
        ------
        BadParameters
            Nobody measured such a series.

        Examples
        --------
        >>> q.share("online_of_all")["value"].loc["2021-07":"2021-09"].round(3).tolist()
        [0.306, 0.327, 0.342]
        >>> q.share("overdue", field="datdai").index.freqstr
        'M'
        """
        dimension, series = self._member(member)
        rows = self.indicator(name)
        mine = rows[(rows["dimension"] == dimension) & (rows["series"] == series)]
        if mine.empty:
            known = rows.loc[rows["dimension"] == dimension, "series"].unique()
            dimensions = ", ".join(rows["dimension"].unique())
            there = _near(series, known) if len(known) else f": it is cut by {dimensions}"
            raise BadParameters(f"{name} has no {dimension} {series!r}{there}")
        framed = mine.drop(columns=["dimension", "series"]).set_index("period").sort_index()
        full = pd.period_range(framed.index.min(), framed.index.max(), name="period")
        return framed.astype(float).reindex(full)

    def cut(self, name: str, *by: str) -> pd.DataFrame:
        """Return an indicator by several dimensions at once.

        Parameters
        ----------
        name : str
            Code of the indicator, a share or a mean of the plan.
        *by : str
            Dimensions, and ``"period"`` where periods are kept apart; the year so far and all before it otherwise.

        Returns
        -------
        pd.DataFrame
            The columns of `by`, `numerator, denominator, value, standard_error`; of a mean, `total` and
            `total_squares` for the numerator.

        Raises
        ------
        BadParameters
            Nobody counted such an indicator, or it is not counted by such a dimension.

        Examples
        --------
        >>> cut = q.cut("online_of_all", "agency", "field", "period")
        >>> whole = q.share("online_of_all")
        >>> bool((cut.groupby("period")["numerator"].sum().to_numpy() == whole["numerator"].to_numpy()).all())
        True
        """
        cells = self.results.indicators.cells
        mine = cells[cells["indicator"] == name]
        if mine.empty:
            raise BadParameters(f"no indicator {name!r} was counted{_near(name, cells['indicator'].unique())}")
        counted = ("indicator", "numerator", "denominator", "total", "total_squares")
        there = [column for column in mine if column not in counted and mine[column].notna().any()]
        for one in by:
            if one not in there:
                raise BadParameters(f"{name} is not counted by {one!r}; it is by {', '.join(there)}")
        found = cut(mine, by)
        return found.assign(period=pd.PeriodIndex(map(periods.parse, found["period"]))) if "period" in by else found

    def model(self, name: str, **member: str) -> SeriesModel:
        """Return the model of record of one series: a statsmodels model with its data, season and grid.

        Parameters
        ----------
        name, **member
            As for `share`.

        Raises
        ------
        BadParameters
            The series was not measured or cannot be forecast; or the share is nested in another, so that it is formed
            inside the draws of two others, which are named.

        Notes
        -----
        At the end of the plan's year, where nothing is left to forecast, it is the model of the year after.

        Examples
        --------
        >>> model = q.model("online_of_all")
        >>> smoothed = model.as_value(model.level()["mean"] + model.observed["season"])
        >>> bool(abs(smoothed - model.observed["value"]).max() < 0.1)
        True
        >>> model.results.get_forecast(3).predicted_mean.index.tolist() == model.season_ahead.index.tolist()
        True
        """
        dimension, series = self._member(member)
        self.share(name, **member)  # refuses what was not measured
        if name not in self.plan.indicators:
            raise BadParameters(f"{name} is no share or mean of the plan: it has no model of record")
        bases = bases_of(name, self.plan.indicators)
        if len(bases) > 1:
            raise BadParameters(f"{name} is formed inside the draws from {' and '.join(bases)}: open their models")
        found = self._model(name, dimension, series)
        if found is None:
            raise BadParameters(f"{name}, {dimension} {series}: no model, its history is too short or ends too early")
        return found

    def models(self, *, most: int = 12) -> dict[str, SeriesModel]:
        """Return the model of record of each promised series that has one, by what it is of.

        A nested share has the models of the two shares it is formed from.

        Parameters
        ----------
        most : int
            Models that are returned, in the plan's order.

        Examples
        --------
        >>> list(q.models())[:3]
        ['online_of_all', 'published_of_offline', 'overdue field=datdai']
        """
        found: dict[str, SeriesModel] = {}
        for row in self.promised.itertuples():
            ((dimension, series),) = row.member.items() or [(TOTAL, TOTAL)]
            for base in bases_of(row.indicator, self.plan.indicators):
                label = base if series == TOTAL else f"{base} {dimension}={series}"
                model = self._model(base, dimension, series) if label not in found and len(found) < most else None
                if model is not None:
                    found[label] = model
        return found

    def _model(self, base: str, dimension: str, series: str) -> SeriesModel | None:
        if base not in self._fits:
            self._fits[base] = fit_of_record(
                self.results.indicators.series,
                base,
                self.plan.indicators,
                groups=self.plan.group_series,
                origin=self.plan.known_through(self.run.quarter_period, self.results.indicators.series["period"]),
                last_period=self.plan.last_period,
                breaks=self.plan.break_periods,
                tet_cutoff_day=self.plan.calendar.counting.day if self.plan.calendar.tet else None,
            )
        if self._fits[base] is None:
            return None
        inputs, fit = self._fits[base]
        label = inputs.label(dimension, series)
        return SeriesModel.of(fit, label) if label in fit.panel.series else None

    @cached_property
    def _fits(self) -> dict[str, Any]:
        return {}

    def draws(self, name: str, **member: str) -> pd.DataFrame:
        """Return the joint draws of the periods that remain of the year.

        Parameters
        ----------
        name, **member
            As for `share`.

        Returns
        -------
        pd.DataFrame
            `period, draw, numerator, denominator, value`: rows with the same draw, of any series, belong to one
            possible future. Without rows where nothing is forecast: promises are on other series, the history is too
            short, or the year is over.

        Examples
        --------
        >>> q.draws("online_of_all").groupby("period")["draw"].nunique().tolist()
        [200, 200, 200]
        """
        dimension, series = self._member(member)
        self.share(name, **member)  # refuses what was not measured
        rows = self.results.forecast.draws
        mine = rows[(rows["indicator"] == name) & (rows["dimension"] == dimension) & (rows["series"] == series)]
        index = pd.PeriodIndex([periods.parse(label) for label in mine["period"]], freq=self.origin.freq)
        value = mine["numerator"] / mine["denominator"].where(mine["denominator"] > 0)
        framed = mine[["draw", "numerator", "denominator"]].assign(value=value)
        framed.insert(0, "period", index)
        return framed.sort_values(["period", "draw"], ignore_index=True)

    def year_end(self, name: str, *, window: Window = "year", **member: str) -> pd.Series:
        """Return the year-end value in each draw: observed to date and simulated rest, added up before the ratio.

        Parameters
        ----------
        name : str
            As for `share`.
        window : {"year", "last_quarter"}
            Whether the value is of the whole year or of its last quarter.
        **member
            As for `share`.

        Returns
        -------
        pd.Series
            A value (share 0–1, or mean) per draw; a single one once the year is over.

        Raises
        ------
        BadParameters
            Nothing of the series is drawn; see `draws`.

        Examples
        --------
        >>> q.year_end("online_of_all").shape
        (200,)
        """
        dimension, series = self._member(member)
        self.share(name, **member)
        part = Part(
            id=name, indicator=name, dimension=dimension, series=series, rule="at_least", threshold=0.0, window=window
        )
        found = year_end(
            self.results.indicators.series,
            self.results.forecast.draws,
            part,
            origin=self.origin,
            last=self.plan.last_period,
        )
        if not len(found.values):
            drawn = self.results.forecast.draws[["indicator", "dimension", "series"]].drop_duplicates()
            mine = drawn.loc[drawn["indicator"] == name, ["dimension", "series"]].agg(" ".join, axis=1).tolist()
            hint = f"; drawn are {', '.join(mine)}" if mine else f"; drawn are {', '.join(drawn['indicator'].unique())}"
            raise BadParameters(f"{name}, {dimension} {series}: nothing is drawn{hint}")
        return pd.Series(found.values, index=pd.RangeIndex(len(found.values), name="draw"), name=name)

    def probability(self, met: Any) -> float:
        """Return the attainment probability of a condition on draws, as pages state it.

        It is the share of draws in which the condition holds, but what is undecided is never said to be impossible or
        certain: where no draw or every draw meets it, the page says half a percent from there.

        Parameters
        ----------
        met : array_like of bool, shape (draws,)
            Whether the condition holds in each draw; a single value is decided by arithmetic.

        Examples
        --------
        >>> said = q.promise("online_uptake").parts.probability["of_all"]
        >>> bool(q.probability(q.year_end("online_of_all") >= 0.30) == said)
        True
        >>> q.probability(q.year_end("online_of_all") >= 0.99)
        0.005
        """
        values = np.asarray(met, dtype=bool)
        return probability_of(values, decided=len(values) == 1)

    def promise(self, target: str) -> PromiseStanding:
        """Return how a promise stands.

        Raises
        ------
        BadParameters
            The plan has no such promise.

        Examples
        --------
        >>> q.promise("online_uptake").verdict
        'uncertain'
        >>> q.promise("online_uptake").parts[["numerator", "denominator", "threshold"]].loc["of_all"].tolist()
        [47465.0, 170921.0, 0.3]
        """
        if target not in self.plan.targets:
            raise BadParameters(f"the plan has no promise {target!r}{_near(target, self.plan.targets)}")
        return PromiseStanding(self.plan.promise(target), self.results)

    @property
    def promised(self) -> pd.DataFrame:
        """Every promise on a share or a mean, part by part: what is promised of which series, and how it stands.

        A row per part, by the id of the promise and of the part. `indicator` and `member` are what the other methods
        are asked by (``q.share(row.indicator, **row.member)``); `topic` is that of its page; `rule, threshold, window`
        what is promised; `drawn` whether the series has draws; `plain` whether the promise is judged by its value in
        the window alone, with no second way to keep it and no error of what it is compared with; the rest are columns
        of the table of promises.

        Examples
        --------
        >>> q.promised.loc["online_uptake.of_all", ["indicator", "rule", "threshold", "plain"]].tolist()
        ['online_of_all', 'at_least', 0.3, True]
        """
        rows = []
        for target in self.plan.measured:
            for part, name in target.judged:
                row = self.results.promise(target.id, name)
                rows.append(
                    {
                        "label": f"{target.id}.{name}" if name else target.id,
                        "target": target.id,
                        "part": name,
                        "indicator": part.indicator,
                        "member": {} if part.series == TOTAL else {part.dimension: part.series},
                        "topic": self.plan.indicators[part.indicator].topic,
                        "rule": part.rule,
                        "threshold": row["threshold"],
                        "window": part.window,
                        "drawn": row["note"] == "",
                        "plain": row["note"] == "" and is_plain(part),
                        **row[["observed_to_date", "expected", "lower", "upper", "probability", "verdict"]],
                    }
                )
        return pd.DataFrame(rows, columns=["label", *PROMISED_COLUMNS]).set_index("label")

    def shares(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return several series below each other, each labelled.

        Parameters
        ----------
        rows : pd.DataFrame
            Rows of `promised`, or others with `indicator, member` and a label in the index; there may be none.

        Returns
        -------
        pd.DataFrame
            `label, period, numerator, denominator, value, standard_error`; periods as pandas periods.

        Examples
        --------
        >>> online = q.shares(q.promised.query("topic == 'online'"))
        >>> online.groupby("label")["value"].last().round(3).to_dict()
        {'online_uptake.of_all': 0.342, 'online_uptake.of_published': 0.523}
        """
        pieces = [
            self.share(row.indicator, **row.member).reset_index().assign(label=row.Index) for row in rows.itertuples()
        ]
        if not pieces:
            periods_known = pd.PeriodIndex([], freq=self.origin.freq)
            return pd.DataFrame({"label": [], "period": periods_known, **{name: np.empty(0) for name in COUNTS}})
        return pd.concat(pieces, ignore_index=True)[["label", "period", *COUNTS]]

    @property
    def season_length(self) -> int:
        """Periods in a year: 12 or 4."""
        return 4 if self.plan.calendar.frequency == "Q" else 12

    @property
    def promises(self) -> pd.DataFrame:
        """The table of promises, a row per promise, by its id; `promise` has one with its parts."""
        rows = self.results.attainment.promises
        return rows[rows["part"] == ""].set_index("target").drop(columns="part")

    def sensitivity(self) -> pd.DataFrame:
        """Return what every other answer to an open question would change: a row per answer and promise it touches.

        Returns
        -------
        pd.DataFrame
            See `attainment.sensitivity.COLUMNS`.

        Examples
        --------
        >>> asked = q.sensitivity()
        >>> sorted(asked.loc[asked["note"] == "", "question"].unique())[:2]
        ['overdue_denominator', 'overdue_interpretation']
        """
        return self.results.attainment.sensitivity

    def track_record(self) -> pd.DataFrame:
        """Return the grades of the same forecasts, had they been made in earlier years from what was known then.

        Returns
        -------
        pd.DataFrame
            A row per panel, model, year and origin; see `forecast.backtest.backtest.TrackRecord`.

        Examples
        --------
        >>> sorted(q.track_record()["panel"].unique())
        ['online_of_all', 'online_of_published', 'overdue']
        """
        return self.results.record.scored

    def answering(self, **answers: str) -> Quarter:
        """Return the quarter with open questions of the plan answered otherwise.

        Parameters
        ----------
        **answers : str
            Question → answer; the others stay as they are.

        Raises
        ------
        BadParameters
            The plan has no such question or answer, or the answers contradict each other.

        Examples
        --------
        >>> q.answering(overdue_scope="pooled").run.answers
        {'overdue_scope': 'pooled'}
        """
        given = {**self.run.answers, **answers}
        read_plan(resolve(self.run.plan_file)).answered(given)
        return replace(self, run=self.run.model_copy(update={"answers": given}))

    def shifted(
        self, name: str, points: float, *, members: Mapping[str, Any] | None = None, targets: Any = None
    ) -> pd.DataFrame:
        """Return promises as they would stand if some members moved a share for the rest of the year.

        Parameters
        ----------
        name : str
            The share.
        points : float
            What is added to each member's share, −1 to 1.
        members : mapping, optional
            One dimension and the codes that move, ``{"agency": ["ubnd-nt"]}``; without it, every agency.
        targets : collection of str, optional
            The promises asked for; all by default.

        Returns
        -------
        pd.DataFrame
            See `attainment.shifted_draws.what_if`.

        Examples
        --------
        >>> now, then = (q.shifted("online_of_all", d).set_index(["target", "part"]).probability for d in (0, 0.1))
        >>> bool((then["online_uptake"] >= now["online_uptake"]).all())
        True
        """
        self.indicator(name)
        if members is None:
            rows = self.indicator(name)
            members = {"agency": rows.loc[rows["dimension"] == "agency", "series"].unique()}
        ((dimension, codes),) = members.items()
        shift = Shift(name, dimension, tuple(codes), points)
        wanted = list(self.plan.targets) if targets is None else list(targets)
        return what_if(self.results.counted_situation(self.run), shift, wanted)

    def compare(self, other: Quarter) -> pd.DataFrame:
        """Return what moved each probability from an earlier quarter, or another run of this one, to this one.

        Parameters
        ----------
        other : Quarter
            Of the same plan.

        Returns
        -------
        pd.DataFrame
            See `quarter.comparison.what_moved`: parts in percentage points that add up.
        """
        return comparison.what_moved(other.run, self.run)

    def _member(self, member: Mapping[str, str]) -> tuple[str, str]:
        if len(member) > 1:
            raise BadParameters(f"one dimension was expected, found {', '.join(member)}")
        return next(iter(member.items()), (TOTAL, TOTAL))

    def __repr__(self) -> str:
        stands = self.promises["verdict"].value_counts()
        told = ", ".join(f"{count} {verdict}" for verdict, count in stands.items())
        simulated = ", SIMULATED DATA" if self.results.simulated else ""
        return (
            f"Quarter({self.run.plan_name} {self.run.quarter}, as of {self.run.as_of.isoformat()}{simulated}; "
            f"promises: {told}; {self.made_by})"
        )

    def _repr_html_(self) -> str:
        about = f"{getattr(self.plan.title, self.run.language)} · {self.run.quarter} · {self.run.as_of.isoformat()}"
        simulated = "<p><strong>SIMULATED DATA</strong></p>" if self.results.simulated else ""
        table = self.promises[["numerator", "denominator", "observed_to_date", "expected", "probability", "verdict"]]
        titles = [getattr(self.plan.targets[code].title, self.run.language) for code in table.index]
        table = table.assign(title=titles).rename_axis(index=None)
        return f"<h4>{escape(about)}</h4>{simulated}{table.to_html()}<p>{escape(self.made_by)}</p>"


def is_plain(part: Part) -> bool:
    """Return whether a part is judged by its value in its window alone, against a line that is known exactly."""
    compared = part.threshold.of if isinstance(part.threshold, Relative) else None
    return part.until is None and part.at_most is None and not getattr(compared, "standard_error", None)


def _near(name: str, known: Any) -> str:
    close = get_close_matches(name, [str(one) for one in known], n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(map(str, known))}"
