"""The model of record of one series, as a statsmodels model that an analyst can look at, refit and simulate."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from statsmodels.tsa.statespace.mlemodel import MLEResults, MLEResultsWrapper

from analysis.forecast.futures import PanelFit
from analysis.forecast.model import BinomLLT, smoothed_level

RECORD = "model of record, at its grid point of highest weight"
COMPARISON = "comparison: maximum likelihood on this series alone"
"""What the summaries of the two kinds of results say they are."""


class SeriesModel(BinomLLT):
    """`BinomLLT` of one series with what the forecast knows of it: counts, season, and the weights of its grid points.

    The forecast does not use one value of the hyper-parameters. Each draw has a grid point of its own, drawn with the
    weight that empirical Bayes gave it for this series (:mod:`analysis.forecast.fit`). `results` is the statsmodels
    smoother at the point of highest weight, which the page decomposes; `at` gives it at any other point; `level` is
    their mixture.

    Attributes
    ----------
    observed : pd.DataFrame
        Index: the periods (PeriodIndex). `numerator, denominator, value` (share 0–1 or mean); `link_value`, the
        observation in log-odds (of a mean: its logarithm); `season` and `jump`, what is subtracted from it, the latter
        what is left of breaks under the likeliest `recovery`; `endog`, what is left, the
        model's observation; `variance`, its known sampling variance.
    season_ahead, jump_ahead : pd.Series
        Season and jump of the periods after the sample, log-odds or logs.
    grid : pd.DataFrame
        A row per grid point, heaviest first: `param_names` and `weight` (0–1, together 1).
    """

    observed: pd.DataFrame
    season_ahead: pd.Series
    jump_ahead: pd.Series
    grid: pd.DataFrame

    @classmethod
    def of(cls, fit: PanelFit, series: str) -> Self:
        """Return the model of a series of a fitted panel.

        Parameters
        ----------
        fit : PanelFit
            Fit of the panel.
        series : str
            Name of the series in the panel.
        """
        row, share, panel = fit.panel.series.index(series), fit.share, fit.panel
        endog = pd.Series(share.y[row], index=panel.periods, name="observation")
        model = cls(endog, share.variance[row], share.drift, share.break_variance)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = panel.numerator[row] / panel.denominator[row]
        model.observed = pd.DataFrame(
            {
                "numerator": panel.numerator[row],
                "denominator": panel.denominator[row],
                "value": value,
                "link_value": share.y[row] + share.past_season[row] + share.past_jumps[row],
                "season": share.past_season[row],
                "jump": share.past_jumps[row],
                "endog": share.y[row],
                "variance": share.variance[row],
            },
            index=panel.periods.rename("period"),
        )
        ahead = fit.future.rename("period")
        model.season_ahead = pd.Series(share.future_season[row], index=ahead, name="season")
        model.jump_ahead = pd.Series(share.future_jumps[row], index=ahead, name="jump")
        grid = pd.DataFrame(share.grid, columns=list(cls.param_names)).assign(weight=share.posterior[row])
        model.grid = grid.sort_values("weight", ascending=False, kind="stable", ignore_index=True)
        model._link = fit.link
        return model

    def __repr__(self) -> str:
        first, last = self.observed.index[0], self.observed.index[-1]
        return f"SeriesModel({len(self.observed)} periods, {first} to {last}; {len(self.grid)} grid points)"

    @property
    def results(self) -> MLEResultsWrapper:
        """The statsmodels smoother at the grid point of highest weight: what the page's components are."""
        return self.at(0)

    def at(self, rank: int) -> MLEResultsWrapper:
        """Return the statsmodels smoother at a grid point: 0 is the heaviest."""
        return self._labelled(self.grid.loc[rank, list(self.param_names)].to_numpy(), RECORD)

    def fit(self, *args: Any, **kwargs: Any) -> MLEResultsWrapper:
        """Return the maximum likelihood fit to this series alone: a comparison, never what a page publishes.

        A few dozen observations do not show how smooth a series is, so the estimates often lie at a bound; that is why
        the record weighs a grid with what all series say.

        Parameters
        ----------
        *args, **kwargs
            As of ``MLEModel.fit``; nothing is printed unless asked for.
        """
        start = self.grid.loc[0, list(self.param_names)].to_numpy()
        kwargs = {"start_params": start, "disp": 0, "maxiter": 200, "cov_type": "none"} | kwargs
        found = super().fit(*args, **kwargs, return_params=True)
        return self._labelled(found, COMPARISON)

    def level(self) -> pd.DataFrame:
        """Return the smoothed level over all grid points by their weights.

        Returns
        -------
        pd.DataFrame
            Index: the periods. `mean, deviation` on the link scale, the latter with the spread between grid points
            (law of total variance); `value`, the mean as a share (0–1) or mean with season and jump put back.
        """
        weights = self.grid["weight"].to_numpy()
        heavy = weights > 1e-4
        points = self.grid.loc[heavy, list(self.param_names)].to_numpy()
        smoothed = [smoothed_level(self, point) for point in points]
        weights = weights[heavy] / weights[heavy].sum()
        means, deviations = (np.array([getattr(one, name) for one in smoothed]) for name in ("mean", "deviation"))
        mean = weights @ means
        spread = np.sqrt(weights @ (deviations**2 + (means - mean) ** 2))
        value = self.as_value(mean + self.observed[["season", "jump"]].sum(axis=1).to_numpy())
        return pd.DataFrame({"mean": mean, "deviation": spread, "value": value}, index=self.observed.index)

    def as_value(self, link_value: Any) -> Any:
        """Return link-scale values as shares (0–1) or means: the inverse of the logit, or of the logarithm."""
        values = self._link.value(np.asarray(link_value, dtype=float))
        return pd.Series(values, index=link_value.index) if isinstance(link_value, pd.Series) else values

    def _labelled(self, params: np.ndarray, label: str) -> MLEResultsWrapper:
        found = self.smooth(params, cov_type="none", results_class=_LabelledResults)
        found._results.label = label
        return found


class _LabelledResults(MLEResults):
    """Results whose summary says which they are."""

    label = ""

    def summary(self, *args: Any, **kwargs: Any) -> Any:
        """Return the summary of statsmodels, with a title that says whether this is the record or a comparison."""
        return super().summary(*args, **({"title": f"BinomLLT: {self.label}"} | kwargs))
