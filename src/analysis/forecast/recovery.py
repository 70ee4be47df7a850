"""What is left of a break after some months: a jump that stays, or one that fades.

Nobody knows at a break how long it will last. Each `Recovery` is one possibility. The model is fitted under each of
them, with what is left of every series' jump taken out, and each is weighed by how well the months since were forecast
under it. A draw of the future follows one recovery, the same for all series.

References
----------
Box, G. E. P. and Tiao, G. C. (1975), "Intervention Analysis with Applications to Economic and Environmental Problems".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from analysis.forecast.filtering import one_step_forecasts
from analysis.forecast.fit import SCORE_POWER, LinkFit, mean_of_known
from analysis.forecast.shocks import CommonShocks, Shocks


@dataclass(frozen=True)
class Recovery:
    """How the jump of a break fades.

    Attributes
    ----------
    months : float or None
        Months after which nothing is left of it, or at ``"exponential"`` a seventh; None where it stays.
    shape : {"linear", "exponential"}
        Whether it fades by the same amount or by the same part of what is left every month.
    """

    months: float | None
    shape: Literal["linear", "exponential"] = "linear"

    def remaining(self, months_since: np.ndarray) -> np.ndarray:
        """Return what is left of the jump (0–1) some months after the break; 0 before it."""
        if self.months is None:
            left = np.ones(len(months_since))
        elif self.shape == "linear":
            left = np.clip(1 - months_since / self.months, 0.0, 1.0)
        else:
            left = np.exp(-2 * np.maximum(months_since, 0) / self.months)
        return np.where(months_since < 0, 0.0, left)


RECOVERIES = (
    *(Recovery(months) for months in (3, 6, 9, 12, 18, 24, 36)),
    *(Recovery(months, "exponential") for months in (6, 12, 24)),
    Recovery(None),
)
"""The recoveries weighed."""

STAYS = 0.4
"""Chance beforehand that a jump stays; the others share the rest alike. Decision 19 says how it was chosen."""

WORTH_KEEPING = 0.01
"""Weight below which a recovery is left out of the forecast."""


@dataclass(frozen=True, eq=False)
class RecoveryFits:
    """The fits of a share or mean under each recovery that is worth keeping.

    Attributes
    ----------
    fits : tuple of LinkFit
        A fit under each of the R recoveries.
    weights : np.ndarray, shape (R,)
        Weight of each; they sum to 1.
    recoveries : tuple of Recovery
        The recoveries.
    """

    fits: tuple[LinkFit, ...]
    weights: np.ndarray
    recoveries: tuple[Recovery, ...]

    @classmethod
    def without_breaks(cls, fit: LinkFit) -> Self:
        """Return the only fit of a panel without a break."""
        return cls((fit,), np.ones(1), (Recovery(None),))

    @property
    def likeliest(self) -> LinkFit:
        """Fit under the recovery of highest weight."""
        return self.fits[int(self.weights.argmax())]

    @property
    def stays(self) -> float:
        """Chance (0–1) that the jumps stay for good."""
        return float(self.weights[[one.months is None for one in self.recoveries]].sum())

    def left(self, months: int) -> float:
        """Return the part of a jump (0–1) that is expected to be left some months after its break."""
        return float(sum(self.weights * [one.remaining(np.array([float(months)]))[0] for one in self.recoveries]))

    def simulate(
        self, row: int, shocks: Shocks, common: CommonShocks, future_breaks: np.ndarray | None = None
    ) -> np.ndarray:
        """Return link-scale values (h, S) after the origin, each draw under one recovery.

        Parameters
        ----------
        row : int
            Row of the series in the panel.
        shocks : Shocks
            Random numbers of the first half of the draws.
        common : CommonShocks
            Those that all series share: a draw has the same recovery for all of them.
        future_breaks : np.ndarray, shape (h,), optional
            Extra level variance of known breaks after the origin.
        """
        draws = common.draw_count
        if len(self.fits) == 1:
            return self.fits[0].simulate(row, shocks, draws, future_breaks)
        drawn = np.searchsorted(np.cumsum(self.weights)[:-1], common.recovery)
        half = len(common.recovery)
        values = np.empty((len(shocks.level), 2 * half))
        for at, fit in enumerate(self.fits):
            mine = np.flatnonzero(drawn == at)
            # a draw and its mirror image, half of the draws later, have the same recovery
            values[:, np.concatenate([mine, half + mine])] = fit.simulate(
                row, shocks.only(mine), 2 * len(mine), future_breaks
            )
        return values[:, :draws]


def fit_recoveries(
    fit: LinkFit,
    positions: Sequence[int],
    refit: Callable[[np.ndarray], LinkFit],
    *,
    peers: np.ndarray,
    correlation: float,
) -> RecoveryFits:
    """Return the fits under each recovery of the last break, weighed by how well the peers were forecast.

    Breaks no more than a quarter apart are one, with one recovery. Those before the last have the recovery of highest
    weight, found one after the other, while the later ones are taken to stay. Series move together, so n of them are
    worth n / (1 + (n - 1) r) independent ones, where r is their correlation.

    Parameters
    ----------
    fit : LinkFit
        Fit that knows of the breaks, without jumps.
    positions : sequence of int
        Positions of the breaks, increasing.
    refit : callable
        Takes what is left of the jumps in each period (U, T + h), and returns the fit with that taken out.
    peers : np.ndarray of bool, shape (U,)
        Series from which sizes of jumps and weights are learnt.
    correlation : float
        r, 0 to below 1.
    """
    n = int(peers.sum())
    independent = n / (1 + (n - 1) * correlation)
    settled = np.zeros((len(fit.y), fit.y.shape[1] + fit.future_season.shape[1]))
    groups = _groups(positions, fit.season_length // 4)
    for at, group in enumerate(groups):
        tried = _weighed(fit, group, refit, settled, peers=peers, independent=independent)
        if at == len(groups) - 1:
            return tried
        settled = tried.likeliest.jumps
    raise ValueError("no break to recover from")


def _groups(positions: Sequence[int], quarter: int) -> list[list[int]]:
    """Return positions in groups whose neighbours are no more than a quarter apart."""
    groups: list[list[int]] = []
    for position in positions:
        if groups and position - groups[-1][-1] <= quarter:
            groups[-1].append(position)
        else:
            groups.append([position])
    return groups


def _weighed(
    fit: LinkFit,
    positions: Sequence[int],
    refit: Callable[[np.ndarray], LinkFit],
    settled: np.ndarray,
    *,
    peers: np.ndarray,
    independent: float,
) -> RecoveryFits:
    """Return the fits under each recovery of some breaks, with what is left of earlier ones (U, T + h) settled."""
    months = 12 / fit.season_length * np.arange(settled.shape[1])
    prior = np.array([STAYS if one.months is None else (1 - STAYS) / (len(RECOVERIES) - 1) for one in RECOVERIES])
    evidence = np.full(len(RECOVERIES), -np.inf)
    fits: dict[int, LinkFit] = {}
    for at, recovery in enumerate(RECOVERIES):
        left = np.array([recovery.remaining(months - months[position]) for position in positions])
        fits[at] = refit(settled + estimated_jumps(fit, positions, left, peers, settled) @ left)
        evidence[at] = np.log(prior[at]) + independent * _mean_log_evidence(fits[at], peers)
        weights = np.exp(evidence - evidence.max())
        weights /= weights.sum()
        fits = {which: one for which, one in fits.items() if weights[which] >= WORTH_KEEPING}
    kept = sorted(fits)
    return RecoveryFits(
        fits=tuple(fits[at] for at in kept),
        weights=weights[kept] / weights[kept].sum(),
        recoveries=tuple(RECOVERIES[at] for at in kept),
    )


def estimated_jumps(
    fit: LinkFit, positions: Sequence[int], left: np.ndarray, peers: np.ndarray, settled: np.ndarray
) -> np.ndarray:
    """Return each series' jump (U, J) at each break, shrunk towards the peers' median by its uncertainty.

    A jump is the mean of the quarter from the break on less the level that was forecast for the break, on the link
    scale, divided by what is left of a jump in that quarter. The prior variance is that of the peers' jumps beyond what
    their uncertainty explains. A series that was not observed before the break has the median.

    Parameters
    ----------
    fit : LinkFit
        Fit that knows of the breaks, without jumps.
    positions : sequence of int
        Positions of the J breaks, increasing.
    left : np.ndarray, shape (J, T + h)
        What is left of a jump in each period.
    peers : np.ndarray of bool, shape (U,)
        Series from which median and prior variance are learnt.
    settled : np.ndarray, shape (U, T + h)
        What is left of earlier breaks' jumps.
    """
    (U, T), points = fit.y.shape, fit.grid[fit.posterior.argmax(axis=1)]
    quarter = fit.season_length // 4
    y, found = fit.y - settled[:, :T], np.zeros((U, len(positions)))
    for at, position in enumerate(positions):
        stop = min([position + quarter, T, *positions[at + 1 : at + 2]])
        level, level_variance = one_step_forecasts(
            y[:, : position + 1],
            fit.variance[:, : position + 1],
            points,
            pooled_drift=fit.drift,
            break_variance=None if fit.break_variance is None else fit.break_variance[: position + 1],
        )
        after, variance, part = y[:, position:stop], fit.variance[:, position:stop], left[at, position:stop].mean()
        jump = (mean_of_known(after) - level[:, -1]) / part
        count = np.maximum(np.isfinite(after).sum(axis=1), 1)
        error = (level_variance[:, -1] + (mean_of_known(variance) + points[:, 4] ** 2) / count) / part**2
        known = np.isfinite(jump) & np.isfinite(y[:, :position]).any(axis=1)
        heard = peers & known
        usual = float(np.median(jump[heard])) if heard.any() else 0.0
        spread = float(np.median((jump[heard] - usual) ** 2)) / _CHI_SQUARE_MEDIAN if heard.any() else 0.0
        prior = max(spread - float(np.median(error[heard])), _LEAST_SPREAD) if heard.any() else _LEAST_SPREAD
        found[:, at] = usual
        found[known, at] = (prior * jump[known] + error[known] * usual) / (prior + error[known])
        y = y - found[:, at, None] * left[at, :T]
    return found


def _mean_log_evidence(fit: LinkFit, peers: np.ndarray) -> float:
    """Return the mean over the peers of the log of their tempered scores, averaged over the grid by its mean weight."""
    scores = SCORE_POWER * fit.filtered.log_scores[peers]
    highest = scores.max(axis=1, keepdims=True)
    weight = fit.posterior[peers].mean(axis=0)
    return float((np.log((np.exp(scores - highest) * weight).sum(axis=1)) + highest[:, 0]).mean())


_CHI_SQUARE_MEDIAN = 0.4549364
"""Median of the square of a standard normal variable."""

_LEAST_SPREAD = 0.01
"""Prior variance of the jumps at least: no two series are moved by exactly the same."""
