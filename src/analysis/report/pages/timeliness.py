"""What the notebook on timeliness calls beside shares: the cases received this quarter and still open."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.report import numbers
from analysis.report.figures.timeliness import timeliness
from analysis.report.pages.page import Page
from analysis.report.tables.plain import plain


class TimelinessPage(Page):
    """The voice of ``03_timeliness``; see `Page`."""

    def classes(self) -> None:
        """Show how cases were resolved, quarter by quarter, those without a due date apart."""
        drawn = timeliness(self.results, self.words)
        if drawn:
            self._picture(drawn)

    def received(self) -> None:
        """Show how many of the cases received this quarter are late already, and how many will have been in the end."""
        found, words = self.results.received_late, self.words
        if found.empty:
            return
        self._heading(words.text("Of the cases received this quarter, how many will be late?"))
        self._note(
            words.text(
                "A case still open may yet be late: counting closed cases only shows too few. Open cases are taken to "
                "be late as often as earlier ones of their procedure that were open as long; 80% interval in brackets."
            )
        )
        total = found.drop(columns="series").sum().to_frame().T.assign(series="total")
        rows = pd.concat([total, found.sort_values("cases", ascending=False)], ignore_index=True)
        language = self.run.language
        share = rows["late_mean"] / rows["cases"]
        spread = numbers.HALF_80 * np.sqrt(rows["late_variance"]) / rows["cases"]
        lower = np.maximum(share - spread, rows["late_known"] / rows["cases"])
        upper = np.minimum(share + spread, (rows["late_known"] + rows["undecided"]) / rows["cases"])
        frame = pd.DataFrame(
            {
                words.text("Series"): [words.name(self.results.plan, series) for series in rows["series"]],
                words.text("Received, with a due date"): [numbers.count(n, language) for n in rows["cases"]],
                words.text("Late already"): [numbers.count(n, language) for n in rows["late_known"]],
                words.text("Open, not due yet"): [numbers.count(n, language) for n in rows["undecided"]],
                words.text("Late in the end"): [
                    f"{numbers.percent(middle, language)} ({numbers.percent_range(low, high, language)})"
                    for middle, low, high in zip(share, lower, upper, strict=True)
                ],
            }
        )
        self._html(plain(frame, caption=words.text("Cases received this quarter")))
