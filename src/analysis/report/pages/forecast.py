"""What the notebook on the forecast calls."""

from __future__ import annotations

from analysis.report.decisive import parts_of
from analysis.report.figures import forecast as forecast_figures
from analysis.report.figures.outlook import outlook
from analysis.report.pages.page import Page
from analysis.report.tables import forecast as forecast_tables
from analysis.report.tables.plain import plain


class ForecastPage(Page):
    """The voice of ``05_forecast``; see `Page`."""

    def outlook_pictures(self, *, most: int = 12) -> None:
        """Show one picture per promised share: so far, the fan to the year's end, the promise."""
        for target in self.results.plan.share_targets:
            for _, name in parts_of(target)[:most]:
                if self.results.promise(target.id, name)["note"] == "":
                    self._picture(outlook(self.results, self.words, target.id, name, self.origin))

    def pool(self) -> None:
        """Show what each forecast is pooled from, and which series have a short history."""
        if self.results.weights.empty:
            return
        words = self.words
        self._heading(words.text("What each forecast is made of"))
        self._note(
            words.text(
                "The published forecast pools a state-space model with simple forecasts that carry the errors of "
                "earlier years; those that erred less weigh more."
            )
        )
        self._html(plain(forecast_tables.weights(self.results, words), caption=words.text("Weights in the pool")))
        short = forecast_tables.short_series(self.results, words)
        if short:
            self._note(
                words.text(
                    "Less than two years of history, so the model and the last quarter weigh half each, and the "
                    "interval may be too narrow: {series}.",
                    series="; ".join(short),
                )
            )

    def components(self, *, most: int = 4) -> None:
        """Show what the record of headline series is made of: level, season, remainder."""
        found = self.results.components
        for indicator, series in list(found[["indicator", "series"]].drop_duplicates().itertuples(index=False))[:most]:
            self._picture(forecast_figures.components(self.results, self.words, indicator, series))

    def diagnostics(self) -> None:
        """Show whether the model's one-step errors look as they should, and statsmodels beside the fast path."""
        if self.results.diagnostics.empty:
            return
        words = self.words
        self._heading(words.text("Is the model sure for the right reasons?"))
        self._note(
            words.text(
                "Each series was forecast one period ahead, again and again. If the model is right the errors are "
                "independent; a small p-value says a pattern is left."
            )
        )
        errors = forecast_tables.diagnostics(self.results, words)
        self._html(plain(errors, caption=words.text("One-step forecast errors")))
        self._note(
            words.text(
                "statsmodels filters and simulates each series by itself, at its likeliest parameters; what is "
                "published also takes the less likely ones, and heavier tails. Largest difference between the two "
                "filters in log-likelihood: {gap}.",
                gap=f"{self.results.diagnostics['likelihood_gap'].max():.0e}",
            )
        )
        audit = forecast_tables.audit(self.results, words)
        self._html(plain(audit, caption=words.text("Share in the last period of the year, two ways")))
