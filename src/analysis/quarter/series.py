"""The series of a quarter: measured, cut, modelled and drawn, each asked for by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment.year_end import year_end
from analysis.faults import BadParameters
from analysis.forecast.rest_of_year import bases_of, fit_of_record
from analysis.forecast.series_model import SeriesModel
from analysis.indicators.measured import cut
from analysis.parameters import RunParameters
from analysis.plan.plan import Plan
from analysis.plan.promises import Part, Window
from analysis.plan.record import TOTAL
from analysis.quarter.results import Results

COUNTS = ("numerator", "denominator", "value", "standard_error")
"""Columns of a series: counts, their ratio (a share 0–1, or a mean), and its standard error."""


class QuarterSeries(ABC):
    """What `Quarter` knows of single series; a series is named by its indicator and, but for the whole, one member.

    Frames are tidy; periods are pandas periods; shares are 0–1.

    Attributes
    ----------
    run : RunParameters
        The run; its language is that of names.
    """

    run: RunParameters

    @property
    @abstractmethod
    def results(self) -> Results:
        """Everything computed, stage by stage."""

    @property
    @abstractmethod
    def origin(self) -> pd.Period:
        """Last period known."""

    @property
    @abstractmethod
    def promised(self) -> pd.DataFrame:
        """Every promise on a share or a mean, part by part."""

    @property
    def plan(self) -> Plan:
        """The plan as it reads under the run's answers."""
        return self.results.plan

    @property
    def indicators(self) -> pd.DataFrame:
        """`form, dimensions, series, first, last` of every indicator that was measured, by its code.

        Forms are those of the plan (share, mean, score); lists of items and surveys, which the plan declares as
        promises, have none.

        Examples
        --------
        >>> q.indicators.loc["overdue", "dimensions"]
        'total, agency, field, district, channel'
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
        >>> late = q.indicator("overdue")
        >>> last_quarter = late[(late["dimension"] == "agency") & (late["period"] >= "2021-07")]
        >>> sums = last_quarter.groupby("series")[["numerator", "denominator"]].sum()
        >>> len(sums)
        34
        """
        mine = self._indicator(name)
        index = pd.PeriodIndex(map(periods.parse, mine["period"]))
        return mine[["dimension", "series"]].assign(period=index).join(_with_counts(mine)).reset_index(drop=True)

    def _indicator(self, name: str) -> pd.DataFrame:
        if name not in self._measured:
            raise BadParameters(f"no indicator {name!r} was measured{nearest(name, self._measured)}")
        return self._measured[name]

    def _series(self, name: str, dimension: str, series: str) -> pd.DataFrame:
        rows = self._indicator(name)
        mine = rows[(rows["dimension"] == dimension) & (rows["series"] == series)]
        if mine.empty:
            known = rows.loc[rows["dimension"] == dimension, "series"].unique()
            cuts = [one for one in rows["dimension"].unique() if one != TOTAL]
            there = nearest(series, known) if len(known) else f": it is cut by {', '.join(cuts)}"
            raise BadParameters(f"{name} has no {dimension} {series!r}{there}")
        return mine

    @cached_property
    def _measured(self) -> dict[str, pd.DataFrame]:
        return {str(name): rows for name, rows in self.results.indicators.series.groupby("indicator", sort=False)}

    @cached_property
    def _counted(self) -> set[tuple[str, str, str]]:
        rows = self.results.indicators.series
        return set(zip(rows["indicator"], rows["dimension"], rows["series"], strict=True))

    @cached_property
    def _drawn(self) -> dict[tuple[str, str, str], pd.DataFrame]:
        keys = ["indicator", "dimension", "series"]
        return {tuple(map(str, key)): rows for key, rows in self.results.forecast.draws.groupby(keys, sort=False)}  # type: ignore[misc]

    def names(self, dimension: str) -> pd.Series:
        """Return what the plan, else the data, calls the codes of a dimension that have series, in the run's language.

        Parameters
        ----------
        dimension : str
            Such as ``"agency"`` or ``"field"``.

        Raises
        ------
        BadParameters
            No indicator is cut by it.

        Examples
        --------
        >>> q.names("field")["datdai"]
        'Đất đai'
        """
        rows = self.results.indicators.series
        codes = sorted(rows.loc[rows["dimension"] == dimension, "series"].unique())
        if not codes:
            cuts = [one for one in rows["dimension"].unique() if one != TOTAL]
            raise BadParameters(f"no indicator is cut by {dimension!r}{nearest(dimension, cuts)}")
        called = self.plan.names.get(dimension, {})
        told = [getattr(called[code], self.run.language) if code in called else code for code in codes]
        return pd.Series(told, index=pd.Index(codes, name=dimension), name="name")

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
        >>> q.share("overdue", field="datdai")["value"].loc["2021-07":"2021-09"].round(3).tolist()
        [0.025, 0.024, 0.021]
        >>> q.share("overdue", field="datdai").index.freqstr
        'M'
        """
        mine = self._series(name, *self._member(member))
        index = pd.PeriodIndex(map(periods.parse, mine["period"]))
        framed = _with_counts(mine).set_index(index).sort_index()
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
        >>> cut = q.cut("overdue", "agency", "field", "period")
        >>> whole = q.share("overdue")
        >>> bool((cut.groupby("period")["numerator"].sum().to_numpy() == whole["numerator"].to_numpy()).all())
        True
        """
        cells = self.results.indicators.cells
        mine = cells[cells["indicator"] == name]
        if mine.empty:
            raise BadParameters(f"no indicator {name!r} was counted{nearest(name, cells['indicator'].unique())}")
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
        >>> model = q.model("overdue", field="datdai")
        >>> smoothed = model.as_value(model.level()["mean"] + model.observed["season"])
        >>> bool(abs(smoothed - model.observed["value"]).max() < 0.1)
        True
        >>> model.results.get_forecast(3).predicted_mean.index.tolist() == model.season_ahead.index.tolist()
        True
        """
        dimension, series = self._member(member)
        self._series(name, dimension, series)  # refuses what was not measured
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
        >>> list(q.models())[2:4]
        ['overdue field=datdai', 'overdue field=moitruong']
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
                origin=self.origin,
                last_period=self.plan.last_period,
                breaks=self.plan.break_periods,
                tet_cutoff_day=self.plan.tet_cutoff_day,
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
        >>> q.draws("overdue", field="datdai").groupby("period")["draw"].nunique().tolist()
        [2000, 2000, 2000]
        """
        dimension, series = self._member(member)
        self._series(name, dimension, series)  # refuses what was not measured
        mine = self._drawn.get((name, dimension, series), self.results.forecast.draws.iloc[:0])
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
        >>> q.year_end("overdue", field="datdai").shape
        (2000,)
        """
        dimension, series = self._member(member)
        mine = self._series(name, dimension, series)
        part = Part(
            id=name, indicator=name, dimension=dimension, series=series, rule="at_least", threshold=0.0, window=window
        )
        found = year_end(
            mine,
            self._drawn.get((name, dimension, series), self.results.forecast.draws.iloc[:0]),
            part,
            origin=self.origin,
            last=self.plan.last_period,
        )
        if not len(found.values):
            own = [f"{one} {code}" for drawn, one, code in self._drawn if drawn == name]
            there = own or list(dict.fromkeys(drawn for drawn, *_ in self._drawn)) or ["no series"]
            raise BadParameters(f"{name}, {dimension} {series}: nothing is drawn; drawn are {', '.join(there)}")
        return pd.Series(found.values, index=pd.RangeIndex(len(found.values), name="draw"), name=name)

    def shares(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return several series below each other, each labelled.

        Parameters
        ----------
        rows : pd.DataFrame
            Rows of `promised`, or others with `indicator, member` and a label in the index; there may be none.

        Returns
        -------
        pd.DataFrame
            `label, period, numerator, denominator, value, standard_error`; periods as pandas periods. A series that the
            input has no counts of has no rows.

        Examples
        --------
        >>> late = q.shares(q.promised.query("topic == 'timeliness'"))
        >>> late.groupby("label")["value"].last().round(3).head(2).to_dict()
        {'overdue.bhxh': 0.009, 'overdue.datdai': 0.021}
        """
        if not isinstance(rows, pd.DataFrame):
            raise BadParameters(f"shares takes rows of `promised`; for one series there is share({rows!r})")
        pieces = [
            self.share(row.indicator, **row.member).reset_index().assign(label=row.Index)
            for row in rows.itertuples()
            if (row.indicator, *self._member(row.member)) in self._counted
        ]
        if not pieces:
            periods_known = pd.PeriodIndex([], freq=self.origin.freq)
            return pd.DataFrame({"label": [], "period": periods_known, **{name: np.empty(0) for name in COUNTS}})
        return pd.concat(pieces, ignore_index=True)[["label", "period", *COUNTS]]

    def _member(self, member: Mapping[str, str]) -> tuple[str, str]:
        if len(member) > 1:
            raise BadParameters(f"one dimension was expected, found {', '.join(member)}")
        return next(iter(member.items()), (TOTAL, TOTAL))


def _with_counts(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[[*COUNTS, *(one for one in ("total", "respondents") if rows[one].notna().any())]]


def nearest(name: str, known: Iterable[Any]) -> str:
    """Return the end of a sentence on a name that is not there: the one that was probably meant, or all there are.

    Parameters
    ----------
    name : str
        The name asked for.
    known : iterable
        The names there are.
    """
    close = get_close_matches(name, [str(one) for one in known], n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(map(str, known))}"
