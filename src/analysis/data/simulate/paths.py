"""The true volumes and shares of the simulated province by office and month, and the cases drawn from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis import periods
from analysis.data.codes import TIMELINESS
from analysis.data.simulate import province
from analysis.data.simulate.drawing import autoregression, stream

FILINGS = (
    ("online", 0), ("online", 1),
    ("counter", 0), ("counter", 1), ("counter", 2),
    ("post", 0), ("post", 1), ("post", 2),
)  # fmt: skip
"""Channel of a case and group of its procedure, in every combination that occurs. Groups: 0 published online before the
step of the catalogue, 1 published at it, 2 never. A case of group 2 cannot be filed online, nor can one of group 1
before the step."""


@dataclass(frozen=True)
class Paths:
    """True volumes and shares (0–1), arrays of shape (offices, months).

    Attributes
    ----------
    months : pd.PeriodIndex
        Reporting months, including `province.MONTHS_AHEAD` months past the end.
    cases : np.ndarray
        Cases expected to be resolved in the month.
    old_uptake, new_uptake : np.ndarray
        Share filed online of the cases of procedures published before the step and at it; the second is 0 before it.
    late : np.ndarray
        Share finished after the due date, of cases with one.
    satisfied : np.ndarray
        Share satisfied, of ratings.
    """

    months: pd.PeriodIndex
    cases: np.ndarray
    old_uptake: np.ndarray
    new_uptake: np.ndarray
    late: np.ndarray
    satisfied: np.ndarray

    @property
    def online(self) -> np.ndarray:
        """Share filed online of all cases, of shape (offices, months)."""
        return province.OLD_CATALOGUE_SHARE * self.old_uptake + province.NEW_CATALOGUE_SHARE * self.new_uptake

    def filing_shares(self) -> np.ndarray:
        """Return the probability of each of `FILINGS`, of shape (offices, months, filings)."""
        old, new = province.OLD_CATALOGUE_SHARE, province.NEW_CATALOGUE_SHARE
        online = [old * self.old_uptake, new * self.new_uptake]
        offline = [old - online[0], new - online[1], np.full_like(online[0], 1 - old - new)]
        counter = [(1 - province.POSTAL_SHARE) * share for share in offline]
        post = [province.POSTAL_SHARE * share for share in offline]
        return np.stack([*online, *counter, *post], axis=-1)

    def timeliness_shares(self) -> np.ndarray:
        """Return the probability of each class of `codes.TIMELINESS`, of shape (offices, months, classes)."""
        early = (1 - self.late) * province.EARLY_SHARE
        dated = np.stack([early, 1 - self.late - early, self.late], axis=-1) * (1 - province.NO_DUE_DATE_SHARE)
        return np.concatenate([dated, np.full((*self.late.shape, 1), province.NO_DUE_DATE_SHARE)], axis=-1)


def paths(seed: int, offices: pd.DataFrame) -> Paths:
    """Return the true paths of a province.

    Parameters
    ----------
    seed : int
        Seed of the province.
    offices : pd.DataFrame
        See `province.offices`.

    Notes
    -----
    Cases per office and field follow a trend, a seasonal pattern, a dip in proportion to the share of the Tết window in
    the reporting month, and shocks, some shared by all and some of each office. Filing online follows one S-curve for
    the old catalogue and a later one for the new, with a preference of each office and slow common drifts. Lateness
    falls from year to year and rises around Tết. Satisfaction drifts up.
    """
    months = pd.period_range(province.MONTHS[0], periods=len(province.MONTHS) + province.MONTHS_AHEAD, freq="M")
    U, T = len(offices), len(months)
    month = np.arange(T)
    tet = periods.tet_share(months, province.CUTOFF_DAY).to_numpy()

    rng = stream(seed, "volumes")
    season = rng.normal(0, 0.05, 12)[months.month - 1] + 0.10 * (months.month == 12)
    shocks = autoregression(rng, (1, T), 0.04, 0.5) + autoregression(rng, (U, T), 0.06, 0.5)
    trend = province.GROWTH_PER_MONTH * month + season + province.TET_DIP * tet
    cases = offices["monthly_cases"].to_numpy()[:, None] * np.exp(trend + shocks)

    rng = stream(seed, "uptake")
    preference = rng.normal(0, 0.35, (U, 1)) + np.cumsum(rng.normal(0, 0.03, (U, T)), axis=1)
    preference = preference + np.cumsum(rng.normal(0, 0.025, (1, T)), axis=1)

    rng = stream(seed, "lateness")
    late_2018 = offices["field"].map({code: field.late_2018 for code, field in province.FIELDS.items()}).to_numpy()
    late = (
        logit(late_2018)[:, None]
        + np.log(province.LATE_YEARLY_FACTOR) * month / 12
        + rng.normal(0, 0.25, (U, 1))
        + autoregression(rng, (U, T), 0.10, 0.6)
        + 0.25 * tet
    )

    rng = stream(seed, "satisfaction")
    satisfied = logit(province.SATISFIED_2018) + province.SATISFIED_SLOPE * month
    satisfied = satisfied + np.cumsum(rng.normal(0, 0.012, (1, T)), axis=1) + rng.normal(0, 0.25, (U, 1))
    return Paths(
        months=months,
        cases=cases,
        old_uptake=expit(logit(_s_curve(province.OLD_UPTAKE, month)) + preference),
        new_uptake=expit(logit(_s_curve(province.NEW_UPTAKE, month)) + preference)
        * (months >= province.CATALOGUE_STEP),
        late=expit(late),
        satisfied=expit(satisfied),
    )


def _s_curve(curve: dict[str, float], month: np.ndarray) -> np.ndarray:
    return curve["ceiling"] * expit(curve["rate"] * (month - curve["midpoint"]))


@dataclass(frozen=True)
class CaseCells:
    """The cell of each drawn case: its office, month, filing and timeliness; arrays with one element per case.

    Attributes
    ----------
    office : np.ndarray
        Row of `province.offices`.
    month : np.ndarray
        Position in `Paths.months` of the reporting month in which the case is finished.
    filing : np.ndarray
        Position in `paths.FILINGS`.
    timeliness : np.ndarray
        Position in `codes.TIMELINESS`.
    """

    office: np.ndarray
    month: np.ndarray
    filing: np.ndarray
    timeliness: np.ndarray

    def __len__(self) -> int:
        return len(self.office)

    def rows(self, chosen: np.ndarray) -> CaseCells:
        """Return the chosen cases; `chosen` is an index or a mask."""
        return CaseCells(self.office[chosen], self.month[chosen], self.filing[chosen], self.timeliness[chosen])


def draw_cells(
    rng: np.random.Generator,
    paths: Paths,
    months: slice,
    *,
    share: float = 1.0,
    total: int | None = None,
    online_only: bool = False,
) -> CaseCells:
    """Return the cells of cases drawn for some months, in the order of the cells.

    Parameters
    ----------
    rng : np.random.Generator
        Random generator.
    paths : Paths
        True volumes and shares.
    months : slice
        Months, as positions in `Paths.months`.
    share : float
        Mean number of cases drawn per case expected to be resolved; without a `total` their number is a Poisson count.
    total : int or None
        Number of cases in all, spread over offices and months in proportion to the expected cases. This is the
        distribution of Poisson counts given their sum.
    online_only : bool
        Whether only cases filed online are drawn; `share` then applies to those.
    """
    expected = paths.cases[:, months]
    filing_shares, timeliness_shares = paths.filing_shares()[:, months], paths.timeliness_shares()[:, months]
    if online_only:
        is_online = np.array([channel == "online" for channel, _ in FILINGS])
        filing_shares = filing_shares * is_online
        expected = expected * filing_shares.sum(axis=-1)
        filing_shares = filing_shares / filing_shares.sum(axis=-1, keepdims=True)
    if total is None:
        number = rng.poisson(share * expected)
    else:
        number = rng.multinomial(total, (expected / expected.sum()).ravel()).reshape(expected.shape)
    cells = (filing_shares[..., :, None] * timeliness_shares[..., None, :]).reshape(*number.shape, -1)
    split = rng.multinomial(number, cells).reshape(*number.shape, len(FILINGS), len(TIMELINESS))
    office, month, filing, timeliness = np.unravel_index(np.repeat(np.arange(split.size), split.ravel()), split.shape)
    return CaseCells(office, month + (months.start or 0), filing, timeliness)
