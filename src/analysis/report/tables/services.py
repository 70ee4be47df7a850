"""Who stands behind a share: services that report, started and stopped."""

from __future__ import annotations

import pandas as pd

from analysis.report import numbers
from analysis.report.wording import Wording
from analysis.results import Results


def coverage(results: Results, words: Wording) -> pd.DataFrame:
    """Return who reports, period by period, newest first."""
    language = words.language
    table = results.coverage.iloc[::-1].head(8)
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


def changes(results: Results, words: Wording) -> pd.DataFrame:
    """Return the services that started or stopped reporting since the period before, largest first."""
    language = words.language
    kinds = {"started": words.text("Started"), "stopped": words.text("Stopped")}
    return pd.DataFrame(
        {
            words.text("Service"): results.changes["procedure"],
            words.text("Body"): [words.name(results.plan, code) for code in results.changes["agency"]],
            words.text("Change"): results.changes["change"].map(kinds),
            words.text("Their {unit}", unit=words.of(results.plan.unit)): [
                numbers.count(n, language) for n in results.changes["cases"]
            ],
        }
    )
