"""One quarter of one plan, for notebooks and for anybody's own script: the public interface of the suite."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from analysis.attainment.verdict import probability_of
from analysis.faults import BadParameters
from analysis.parameters import RunParameters, read_run_file, resolve, run_parameters, validated_run
from analysis.plan.plan import read_plan
from analysis.plan.promises import Part, Relative
from analysis.plan.record import TOTAL
from analysis.quarter import comparison, stages
from analysis.quarter.bodies import standing_of_bodies
from analysis.quarter.promise_standing import PromiseStanding
from analysis.quarter.readings import DrawSettings
from analysis.quarter.results import DataTables, Results
from analysis.quarter.series import QuarterSeries, nearest
from analysis.quarter.what_if import WhatIf

PROMISED_COLUMNS = [
    "target", "part", "indicator", "member", "form", "topic", "rule", "threshold", "window", "drawn", "plain",
    "observed_to_date", "expected", "lower", "upper", "probability", "verdict",
]  # fmt: skip


@dataclass(frozen=True)
class Quarter(QuarterSeries):
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
    >>> q.probability(q.year_end("overdue", field="moitruong") <= 0.02)
    0.95
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
        """Return the quarter of a run's parameters, as a run file names them; see `parameters.RunParameters`.

        Examples
        --------
        >>> Quarter.of(**q.run.model_dump()).run == q.run
        True
        """
        return cls(validated_run(parameters))

    @classmethod
    def of_notebook(cls, names: Mapping[str, Any], *, fresh: bool = False) -> Self:
        """Return the quarter that a notebook's parameters cell sets.

        Parameters
        ----------
        names : mapping
            The notebook's ``globals()``.
        fresh : bool
            See `Quarter`.

        Examples
        --------
        >>> Quarter.of_notebook(q.run.model_dump() | {"anything": "else"}).run == q.run
        True
        """
        return cls(run_parameters(names), fresh)

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

    @cached_property
    def origin(self) -> pd.Period:
        """Last period known."""
        rows = self.results.indicators.series
        counted = rows.loc[rows["indicator"].isin(self.plan.indicators), "period"]
        return self.plan.known_through(self.run.quarter_period, counted.unique())

    @property
    def data(self) -> DataTables:
        """What was received: `counts`, `ratings`, `intake`, `rejected` and more.

        Examples
        --------
        >>> list(q.data.counts.columns[:4]), len(q.data.rejected)
        (['period', 'agency', 'district', 'field'], 0)
        """
        return self.results.data

    def probability(self, met: Any) -> float:
        """Return the attainment probability of a condition on draws, as pages state it.

        It is the share of draws in which the condition holds, but what is undecided is never said to be impossible or
        certain: where no draw or every draw meets it, the page says half a percent from there.

        Parameters
        ----------
        met : array_like of bool, shape (draws,)
            Whether the condition holds in each draw; a single value is decided by arithmetic.

        Raises
        ------
        BadParameters
            It is no yes or no for each draw.

        Examples
        --------
        >>> said = q.promise("overdue").parts.probability["moitruong"]
        >>> bool(q.probability(q.year_end("overdue", field="moitruong") <= 0.02) == said)
        True
        >>> q.probability(q.year_end("overdue", field="moitruong") <= 0.5)
        0.995
        """
        values = np.asarray(met, dtype=bool)
        if values.ndim != 1 or not len(values):
            raise BadParameters("a yes or no for each draw was expected, such as q.year_end(…) >= 0.3")
        return probability_of(values, decided=len(values) == 1)

    def promise(self, target: str) -> PromiseStanding:
        """Return how a promise stands.

        Raises
        ------
        BadParameters
            The plan has no such promise.

        Examples
        --------
        >>> q.promise("overdue").verdict
        'very_unlikely'
        >>> q.promise("overdue").parts[["numerator", "denominator", "threshold"]].loc["datdai"].tolist()
        [816.0, 30691.0, 0.02]
        >>> int(q.promise("overdue").in_no_member["in_no_member"].sum())  # cases it counts and no part judges
        0
        """
        if target not in self.plan.targets:
            raise BadParameters(f"the plan has no promise {target!r}{nearest(target, self.plan.targets)}")
        return PromiseStanding(self.plan.promise(target), self.results)

    @property
    def promised(self) -> pd.DataFrame:
        """Every promise on a share or a mean, part by part: what is promised of which series, and how it stands.

        A row per part, by the id of the promise and of the part. `indicator` and `member` are what the other methods
        are asked by (``q.share(row.indicator, **row.member)``); `form` is share or mean, `topic` that of its page;
        `rule, threshold, window` is what is promised; `drawn` whether the series has draws; `plain` whether the promise
        is judged by its value in the window alone, with no second way to keep it and no error of what it is compared
        with; the rest are columns of the table of promises.

        Examples
        --------
        >>> q.promised.loc["overdue.datdai", ["indicator", "rule", "verdict"]].tolist()
        ['overdue', 'at_most', 'very_unlikely']
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
                        "form": type(self.plan.indicators[part.indicator]).__name__.lower(),
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
        >>> bool(asked.loc[asked["question"] == "overdue_scope", "changes"].iloc[0])
        True
        """
        return self.results.attainment.sensitivity

    def bodies(self, dimension: str = "agency") -> pd.DataFrame:
        """Return how each body stands in each promise its cases count for: share, rank, part of the gap, cases a week.

        What a published folder hides is missing, and nothing is worked out from it.

        Parameters
        ----------
        dimension : str
            The dimension that the bodies are members of.

        Returns
        -------
        pd.DataFrame
            See `quarter.bodies.standing_of_bodies`: the surely worst first.

        Examples
        --------
        >>> late = q.bodies().query("target == 'overdue'").set_index("series")
        >>> late[["numerator", "denominator", "best_rank", "worst_rank", "bodies"]].loc["sxd"].astype(int).tolist()
        [78, 3385, 28, 32, 32]
        """
        return standing_of_bodies(self.results, self.run, dimension)

    def track_record(self) -> pd.DataFrame:
        """Return the grades of the same forecasts, had they been made in earlier years from what was known then.

        Returns
        -------
        pd.DataFrame
            A row per panel, model, year and origin; see `forecast.backtest.backtest.TrackRecord`.

        Examples
        --------
        >>> "overdue" in set(q.track_record()["panel"])
        True
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

    def what_if(
        self,
        target: str,
        *,
        points: float = 0.0,
        cases: float = 0.0,
        items: int | Collection[str] = 0,
        per_month: float = 0.0,
        **members: str | Collection[str],
    ) -> WhatIf:
        """Return a promise before and after a move in the rest of the year, judged on the same draws.

        Parameters
        ----------
        target : str
            Id of the promise: one on a share or a mean is moved by points or cases, one on items by items.
        points : float
            What is added to each member's share (−1 to 1), or to its mean in the mean's unit.
        cases : float
            Cases of the numerator more, or fewer, of all members together until the end of the year.
        items : int or collection of str
            Items more by the end of the year than in each draw, or the codes of open items that are done by then.
        per_month : float
            Items more a month, in whole items by the end of the year.
        **members : str or collection of str
            One dimension and who moves, ``agency="ubnd-nt"``; all members of the promise by default.

        Returns
        -------
        WhatIf
            `before, after, change` are frames; `needed(0.8)` is the smallest such move for that probability.

        Raises
        ------
        BadParameters
            Nothing of the promise can be moved so; surveys and published indices never.

        Examples
        --------
        >>> asked = q.what_if("overdue", cases=-300, field="datdai")
        >>> bool(asked.change.loc[("overdue", "datdai"), "change"] > 0)
        True
        >>> q.what_if("one_stop").needed(0.8).amount
        1.0
        """
        self.promise(target)
        start = WhatIf.of(self.results, self.run, target, members)
        return start.moved(points=points, cases=cases, items=items, per_month=per_month)

    def compare(self, other: Quarter) -> pd.DataFrame:
        """Return what moved each probability from an earlier quarter, or another run of this one, to this one.

        An earlier quarter that was published is taken as it was published; this one as the code at hand computes it.

        Parameters
        ----------
        other : Quarter
            Of the same plan.

        Returns
        -------
        pd.DataFrame
            See `quarter.comparison.what_moved`: parts in percentage points that add up.

        Examples
        --------
        >>> moved = q.compare(q)  # with itself: nothing has
        >>> float(moved["change"].abs().max())
        0.0
        """
        if not isinstance(other, Quarter):
            raise BadParameters(f"a quarter to compare with was expected, such as Quarter.open(…), found {other!r}")
        drawn = DrawSettings(other.run.draw_count, other.run.seed)
        return comparison.what_moved(
            other.results, stages.results(self.run), self.run, known_on=other.run.as_of, drawn=drawn
        )

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
        table = self.promises[["verdict", "probability", "expected", "observed_to_date"]]
        names = [getattr(self.plan.targets[code].name, self.run.language) for code in table.index]
        table = table.rename_axis(index=None)
        table.insert(0, "promise", names)
        # JupyterLab breaks the only column of words to one word a line, where it is not held open.
        written = table.to_html(col_space={"promise": 200})
        return f"<h4>{escape(about)}</h4>{simulated}{written}<p>{escape(self.made_by)}</p>"


def is_plain(part: Part) -> bool:
    """Return whether a part is judged by its value in its window alone, against a line that is known exactly."""
    compared = part.threshold.of if isinstance(part.threshold, Relative) else None
    return part.until is None and part.at_most is None and not getattr(compared, "standard_error", None)
