"""The model of record: a local level with a damped slope and a known observation variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit
from statsmodels.tsa.statespace.mlemodel import MLEModel

INITIAL_LEVEL_VARIANCE = 2.0
"""Variance of the level before the first observation: on the logit scale, one deviation around 18 % is 5 % to 48 %."""

INITIAL_LEVEL_WINDOW = 12
"""Number of first observed values whose median is the initial level."""


class BinomLLT(MLEModel):
    r"""Local level with a damped slope and a known, time-varying observation variance.

    .. math::

        y_t         &= \mu_t + \varepsilon_t,
                    & \varepsilon_t &\sim N(0,\; v_t + \sigma_{excess}^2) \\
        \mu_{t+1}   &= \mu_t + \delta_t + \xi_{t+1},
                    & \xi_{t+1}     &\sim N(0,\; \sigma_{level}^2 + b_{t+1}) \\
        \delta_{t+1} &= D + \rho\,(\delta_t - D) + \zeta_{t+1},
                    & \zeta_{t+1}   &\sim N(0,\; \sigma_{slope}^2)

    with :math:`D = \kappa\,\bar d` the share :math:`\kappa` of a drift :math:`\bar d` estimated over all series,
    :math:`v_t` the sampling variance that follows from counting, and :math:`b_t` the extra level variance of a known
    break that arrives at *t*. The initial level is the median of the first twelve observed values, with variance 2; the
    initial slope is :math:`D`, with variance ``initial_slope_variance``. Where ``initial_slope_variance``,
    :math:`\sigma_{slope}` and :math:`\kappa` are all zero, the slope is always zero and the model is a local level.

    The first observed value does not enter the likelihood (``loglikelihood_burn``), because the initial level is fitted
    to it. The parameters are not meant to be estimated by maximum likelihood from one short series: they are weighted
    on a grid (:mod:`analysis.forecast.fit`).

    Parameters
    ----------
    endog : array_like, shape (T,)
        Observations on the link scale; NaN where missing.
    variance : array_like, shape (T,)
        Known observation variances :math:`v_t`; ignored where ``endog`` is missing.
    pooled_drift : float, default 0
        :math:`\bar d`, log-odds per period.
    break_variance : array_like, shape (T,), optional
        :math:`b_t`; the first value is ignored, because no step leads to the first period.
    **kwargs
        Passed to ``MLEModel``.

    Raises
    ------
    ValueError
        The variances do not have one value per period, or an observed value has no known variance of zero or more.

    References
    ----------
    Harvey, A. C. (1989), *Forecasting, Structural Time Series Models and the Kalman Filter*, section 2.3; Gardner,
    E. S. and McKenzie, E. (1985), "Forecasting Trends in Time Series", for the damped slope.
    """

    param_names = ("rho", "kappa", "sigma_level", "sigma_slope", "sigma_excess", "initial_slope_variance")
    start_params = (0.8, 0.0, 0.08, 0.0, 0.08, 0.0036)

    def __init__(
        self,
        endog: Any,
        variance: Any,
        pooled_drift: float = 0.0,
        break_variance: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(endog, k_states=2, k_posdef=2, **kwargs)
        self.variance = np.asarray(variance, dtype=float)
        self.pooled_drift = float(pooled_drift)
        self.break_variance = np.zeros(self.nobs) if break_variance is None else np.asarray(break_variance, float)
        if self.variance.shape != (self.nobs,) or self.break_variance.shape != (self.nobs,):
            raise ValueError(f"variance and break_variance need one value for each of the {self.nobs} periods")
        values = np.asarray(self.endog, dtype=float).ravel()
        observed = np.flatnonzero(np.isfinite(values))
        if not (self.variance[observed] >= 0).all():
            raise ValueError("every observed value needs a known variance, zero or more")
        self.initial_level = float(np.median(values[observed[:INITIAL_LEVEL_WINDOW]])) if len(observed) else 0.0
        self.first_observed = int(observed[0]) if len(observed) else self.nobs - 1
        self.ssm.loglikelihood_burn = self.first_observed + 1
        self._known_variance = np.where(np.isfinite(values), self.variance, 1.0)
        # statsmodels indexes a step by the period it starts from, `break_variance` by the period it arrives at
        self._next_break_variance = np.append(self.break_variance[1:], 0.0)
        self["design"] = np.array([[1.0, 0.0]])
        self["transition"] = np.array([[1.0, 1.0], [0.0, 1.0]])
        self["selection"] = np.eye(2)
        self["state_intercept"] = np.zeros((2, 1))
        self["obs_cov"] = np.zeros((1, 1, self.nobs))
        self["state_cov"] = np.zeros((2, 2, self.nobs))

    def clone(self, endog: Any, exog: Any = None, **kwargs: Any) -> BinomLLT:
        """Return the same model for other data.

        For data of another length the variances default to zero. statsmodels calls this method to continue past the
        sample; there, the sampling variance of future counts comes from the binomial draw, not from the observation
        equation.

        Parameters
        ----------
        endog : array_like
            Observations on the link scale; NaN where missing.
        exog : None
            Ignored; part of the signature statsmodels expects.
        **kwargs
            `variance`, `break_variance` and `pooled_drift` replace this model's; the others go to ``MLEModel``.
        """
        nobs = len(np.asarray(endog))
        same = nobs == self.nobs
        variance = kwargs.pop("variance", self.variance if same else np.zeros(nobs))
        breaks = kwargs.pop("break_variance", self.break_variance if same else np.zeros(nobs))
        drift = kwargs.pop("pooled_drift", self.pooled_drift)
        return BinomLLT(endog, variance, pooled_drift=drift, break_variance=breaks, **kwargs)

    def transform_params(self, unconstrained: Any) -> np.ndarray:
        """Return parameters (6,) from unconstrained ones, for maximum likelihood: two within 0–1, four positive."""
        free = np.asarray(unconstrained)
        return np.concatenate([expit(free[:2]), np.exp(np.clip(free[2:], -12.0, 3.0))])

    def untransform_params(self, constrained: Any) -> np.ndarray:
        """Return the unconstrained parameters (6,) of given ones; those at a bound start a little inside."""
        bound = np.asarray(constrained, dtype=float)
        return np.concatenate([logit(np.clip(bound[:2], 0.02, 0.98)), np.log(np.maximum(bound[2:], 1e-3))])

    def update(self, params: Any, **kwargs: Any) -> None:
        """Set the system matrices from parameters.

        Parameters
        ----------
        params : array_like, shape (6,)
            Values in the order of ``param_names``.
        **kwargs
            Passed to ``MLEModel.update``.
        """
        rho, kappa, level, slope, excess, slope_variance = super().update(params, **kwargs)
        drift = kappa * self.pooled_drift
        self["transition", 1, 1] = rho
        self["state_intercept", 1, 0] = drift * (1 - rho)
        self["state_cov", 0, 0, :] = level**2 + self._next_break_variance
        self["state_cov", 1, 1, :] = slope**2
        self["obs_cov", 0, 0, :] = self._known_variance + excess**2
        self.ssm.initialize_known(
            np.array([self.initial_level, drift]), np.diag([INITIAL_LEVEL_VARIANCE, slope_variance])
        )


@dataclass(frozen=True, eq=False)
class SmoothedLevel:
    """Smoothed states of one series and its standardised one-step errors, by statsmodels.

    Attributes
    ----------
    mean, deviation : np.ndarray, shape (T,)
        Mean and standard deviation of the level on the link scale.
    slope : np.ndarray, shape (T,)
        Mean of the slope, per period.
    standardised_error : np.ndarray, shape (T,)
        One-step forecast error divided by its standard deviation; NaN where nothing was observed and at the first
        observed value. Independent standard normal if the model is right.
    """

    mean: np.ndarray
    deviation: np.ndarray
    slope: np.ndarray
    standardised_error: np.ndarray


def smoothed_level(model: BinomLLT, params: Any) -> SmoothedLevel:
    """Return the smoothed states and the standardised one-step errors at given parameters.

    Parameters
    ----------
    model : BinomLLT
        Model of one series.
    params : array_like, shape (6,)
        Values in the order of ``BinomLLT.param_names``.
    """
    results = model.smooth(params, cov_type="none")
    errors = np.array(results.standardized_forecasts_error[0], dtype=float)
    errors[~np.isfinite(np.asarray(model.endog, dtype=float).ravel())] = np.nan
    errors[: model.first_observed + 1] = np.nan
    deviation = np.sqrt(np.maximum(results.smoothed_state_cov[0, 0], 0.0))
    mean, slope = np.array(results.smoothed_state)
    return SmoothedLevel(mean, deviation, slope, errors)


def simulate_with_statsmodels(
    model: BinomLLT, params: Any, horizon: int, draw_count: int, rng: np.random.Generator
) -> np.ndarray:
    """Return link-scale values (h, S) after the sample at given parameters, simulated by statsmodels.

    Parameters
    ----------
    model : BinomLLT
        Model of one series.
    params : array_like, shape (6,)
        Values in the order of ``BinomLLT.param_names``.
    horizon : int
        Periods ahead, h.
    draw_count : int
        Draws, S.
    rng : np.random.Generator
        Source of the random numbers.
    """
    results = model.smooth(params, cov_type="none")
    # without the anchor statsmodels simulates from the first period of the sample, without a warning
    draws = results.simulate(horizon, anchor="end", repetitions=draw_count, rng=rng)
    return np.asarray(draws, dtype=float).reshape(horizon, draw_count)
