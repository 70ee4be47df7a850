"""What the notebook on online filing calls beside shares: who stands behind them, and what was not taken."""

from __future__ import annotations

from analysis.data.ingest.books import KEPT
from analysis.report import data_words, numbers
from analysis.report.pages.page import Page
from analysis.report.tables import services
from analysis.report.tables.plain import plain


class UptakePage(Page):
    """The voice of ``02_online_uptake``; see `Page`."""

    def reporting(self) -> None:
        """Show which services stand behind the share, and which started or stopped since the period before."""
        if self.results.coverage.empty:
            return
        words = self.words
        self._heading(words.text("Who reports"))
        latest = self.results.coverage.iloc[-1]
        self._note(
            words.text(
                "{reporting} services report both figures this period; {started} started and {stopped} stopped since "
                "the period before; {unsplit} give only their total and are in neither count.",
                **{key: numbers.count(latest[key], words.language)
                   for key in ("reporting", "started", "stopped", "unsplit")},
            )
        )  # fmt: skip
        self._html(plain(services.coverage(self.results, words), caption=words.text("Services behind the share")))
        if len(self.results.changes):
            self._details(words.text("Started or stopped, service by service"), services.changes(self.results, words))

    def rejected(self) -> None:
        """Show what came in and what was not taken."""
        language, rows = self.run.language, self.results.intake.groupby("code")["rows"].sum()
        apart = rows.drop(list(KEPT), errors="ignore")
        why = "; ".join(
            f"{self.words.text(data_words.FAULTS[code])}: {numbers.count(n, language)}" for code, n in apart.items()
        )
        self._note(
            self.words.text(
                "Rows received: {received}; accepted: {accepted}; rejected: {rejected}{why}.",
                received=numbers.count(rows.sum(), language),
                accepted=numbers.count(rows.sum() - apart.sum(), language),
                rejected=numbers.count(apart.sum(), language),
                why=f" ({why})" if why else "",
            )
        )
