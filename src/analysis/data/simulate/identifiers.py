"""Case identifiers in the two national forms, with a counter per body and day that never falls short of four digits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.data.simulate import province

PROVINCE = "H32"
"""Electronic identifier of the province; no source was found for it."""


def body_of(number: int) -> str:
    """Return the beginning of the identifiers of a body's cases.

    Every fourth body already writes the form that came to all of them years later: both occur in one export.
    """
    return f"{PROVINCE}.{number:02d}" if number % 4 == 0 else f"000.00.{number:02d}.{PROVINCE}"


def case_ids(agency: np.ndarray, submitted: np.ndarray) -> pa.Array:
    """Return ``<body>-<yymmdd>-<counter>`` of cases in the order of their filing.

    Parameters
    ----------
    agency : np.ndarray
        Position in `province.AGENCIES`.
    submitted : np.ndarray
        datetime64; its day is the one inside the identifier.
    """
    days, day = np.unique(submitted.astype("datetime64[D]"), return_inverse=True)
    counter = pd.Series(agency * len(days) + day).groupby(agency * len(days) + day).cumcount().to_numpy() + 1
    bodies = [body_of(number) for number in range(1, len(province.AGENCIES) + 1)]
    return pc.binary_join_element_wise(
        text(agency, bodies),
        text(day, [one.strftime("%y%m%d") for one in days.tolist()]),
        pc.utf8_lpad(pa.array(counter).cast(pa.string()), 4, "0"),
        "-",
    )


def text(code: np.ndarray, names: list[str]) -> pa.Array:
    """Return the name at each position; missing where the position is negative."""
    indices = pa.array(code.astype(np.int32), mask=code < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())).cast(pa.string())
