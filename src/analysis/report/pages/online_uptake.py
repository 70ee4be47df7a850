"""The page of notebook 02_online_uptake: who reports the figures behind the share, and what was rejected."""

from __future__ import annotations

import pandas as pd

from analysis.data.ingest.intake_report import ACCEPTED_CODES
from analysis.quarter.results import Results
from analysis.report import labels, numbers
from analysis.report.html_table import plain_table
from analysis.report.pages.page import Page
from analysis.report.wording import Wording


class UptakePage(Page):
    """What notebook ``02_online_uptake`` shows; see `Page`."""

    def reporting(self) -> None:
        """Show how many services report the share, and which started or stopped since the period before."""
        if self.results.indicators.coverage.empty:
            return
        words = self.words
        self._heading(words.text("Who reports"))
        latest = self.results.indicators.coverage.iloc[-1]
        self._note(
            words.text(
                "{reporting} services report both figures this period; {started} started and {stopped} stopped since "
                "the period before; {unsplit} give only their total and are in neither count.",
                **{key: numbers.count(latest[key], words.language)
                   for key in ("reporting", "started", "stopped", "unsplit")},
            )
        )  # fmt: skip
        self._html(
            plain_table(_services_by_period(self.results, words), caption=words.text("Services behind the share"))
        )
        if len(self.results.indicators.changes):
            self._details(words.text("Started or stopped, service by service"), _changed_services(self.results, words))

    def rejected(self) -> None:
        """Show how many rows came in, and how many were rejected for which reason."""
        intake = self.results.data.intake
        # What the shares are counted from: ratings and lists have rows of their own.
        tables = ["cases"] if self.results.data.counted_from_cases else ["counts", "margins"]
        counted = intake[intake["table"].isin(tables)]
        language, rows = self.run.language, counted.groupby("code")["rows"].sum()
        rejected = rows.drop(list(ACCEPTED_CODES), errors="ignore")
        reasons = "; ".join(
            f"{self.words.text(labels.FAULTS[code])}: {numbers.count(n, language)}" for code, n in rejected.items()
        )
        self._note(
            self.words.text(
                "Rows received: {received}; accepted: {accepted}; rejected: {rejected}{why}.",
                received=numbers.count(rows.sum(), language),
                accepted=numbers.count(rows.sum() - rejected.sum(), language),
                rejected=numbers.count(rejected.sum(), language),
                why=f" ({reasons})" if reasons else "",
            )
        )


def _services_by_period(results: Results, words: Wording) -> pd.DataFrame:
    """Return how many services report, by period, the newest first."""
    language = words.language
    table = results.indicators.coverage.iloc[::-1].head(8)
    return pd.DataFrame(
        {
            words.text("Period"): [numbers.period(p, language) for p in table["period"]],
            words.text("Services reporting both figures"): [numbers.count(n, language) for n in table["reporting"]],
            words.text("Started"): [numbers.count(n, language) for n in table["started"]],
            words.text("Stopped"): [numbers.count(n, language) for n in table["stopped"]],
            words.text("Total only"): [numbers.count(n, language) for n in table["unsplit"]],
            words.text("Their {unit}", unit=words.of(results.plan.unit)): [
                numbers.count(n, language) for n in table["unsplit_cases"]
            ],
        }
    )


def _changed_services(results: Results, words: Wording) -> pd.DataFrame:
    """Return the services that started or stopped reporting since the period before, largest first."""
    language = words.language
    kinds = {"started": words.text("Started"), "stopped": words.text("Stopped")}
    return pd.DataFrame(
        {
            words.text("Service"): results.indicators.changes["procedure"],
            words.text("Body"): [
                words.name(results.plan, "agency", code) for code in results.indicators.changes["agency"]
            ],
            words.text("Change"): results.indicators.changes["change"].map(kinds),
            words.text("Their {unit}", unit=words.of(results.plan.unit)): [
                numbers.count(n, language) for n in results.indicators.changes["cases"]
            ],
        }
    )
