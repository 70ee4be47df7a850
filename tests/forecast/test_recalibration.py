from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from analysis.forecast.dressing import LEVELS
from analysis.forecast.link import LOGIT
from analysis.forecast.recalibration import FACTORS, _losses, spread_factor, stretched
from made_states import past

SIZE = 1e9
"""So many cases that nothing is corrected."""


def year_of(errors: np.ndarray, *, width: float, cases: float = 400.0):
    """Return a year whose ensembles were normal around 30 %, of a width in log-odds, with errors in log-odds."""
    outcome = expit(logit(0.3) + errors)
    year = past(2020, list(outcome), size=SIZE, spread=width, cases=cases)
    quantiles = expit(logit(0.3) + width * norm.ppf(LEVELS))
    return replace(year, quantiles=np.tile(quantiles, (len(errors), 1)))


def test_the_loss_is_the_crps_in_spreads():
    errors = np.array([0.1, -0.3, 0.2, 0.0, 0.4])
    found = _losses(year_of(errors, width=0.2))
    for factor, loss in zip(FACTORS, found, strict=True):
        z = errors / (0.2 * factor)
        crps = factor * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
        assert loss == pytest.approx(crps.mean(), abs=0.005)


def test_ensembles_that_were_too_narrow_are_widened_and_the_reverse():
    errors = 0.2 * norm.ppf((np.arange(40) + 0.5) / 40)
    years = [year_of(errors, width=0.1)] * 6
    assert 1.3 < spread_factor(years) <= 1.6
    assert 0.6 <= spread_factor([year_of(errors, width=0.4)] * 6) < 0.8
    assert spread_factor([year_of(errors, width=0.2)] * 6) == pytest.approx(1, abs=0.02)
    # one year alone says less than six
    assert 1 < spread_factor(years[:1]) < spread_factor(years)


def test_without_earlier_ensembles_nothing_changes():
    errors = np.full(6, 0.3)
    assert spread_factor([]) == 1
    assert spread_factor([past(2020, [0.3] * 6)]) == 1
    assert spread_factor([year_of(errors[:4], width=0.1)]) == 1
    assert spread_factor([year_of(errors, width=0.1, cases=29.0)]) == 1


def test_distances_from_the_median_are_multiplied_in_log_odds():
    quantiles = expit(np.array([[-1.0, 0.0, 2.0]]))
    found = stretched(quantiles, np.array([SIZE]), LOGIT, 1.5)
    np.testing.assert_allclose(logit(found), [[-1.5, 0.0, 3.0]], atol=1e-6)
