"""Invented figures of an index, for the tests of promises on its score and its rank."""

from datetime import date

import numpy as np
import pandas as pd

from analysis.indicators.index_scores import history

TODAY = date(2026, 6, 30)


def weeks(year, scores, first=1):
    """Return figures of consecutive weeks by their names."""
    return {f"{year}W{first + at:02d}": score for at, score in enumerate(scores)}


def months(year, scores, first=1):
    """Return figures of consecutive months by their names."""
    return {f"{year}-{first + at:02d}": score for at, score in enumerate(scores)}


def known_of(*, as_of=TODAY, breaks=None, revisions=(), rank_of=None, **areas):
    """Return the history of areas, each a mapping of period to a score or to a pair of score and rank."""
    rows = [(area, period, figure, "2025-06-01") for area, one in areas.items() for period, figure in one.items()]
    rows = [(*row[:3], "2025-05-31") for row in rows] + list(revisions)
    rows = [(a, p, *(f if isinstance(f, tuple) else (f, None)), day) for a, p, f, day in rows]
    frame = pd.DataFrame(rows, columns=["area", "period", "value", "rank", "published_on"])
    frame["value"] = frame["value"].astype(float)
    frame["rank"] = frame["rank"].astype(float).astype("Int64")
    sizes = [np.nan if pd.isna(r) or rank_of is None else rank_of for r in frame["rank"]]
    return history(
        frame.assign(
            indicator="x",
            unit=frame["value"].isna().map({True: "rank_only", False: "score"}),
            rank_of=pd.Series(sizes, frame.index, dtype="float").astype("Int64"),
            method=None,
            source="https://example.vn",
            confidence="H",
        ),
        indicator="x",
        as_of=as_of,
        breaks=breaks,
    )
