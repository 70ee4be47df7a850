"""Write complex_survey_svy.json: what the Python package svy says of the answers beside this script.

Run by hand when the answers change, in an environment of its own, since svy brings 220 MB of compiled libraries:

    python3 -m venv /tmp/svy && /tmp/svy/bin/pip install svy==0.35.0 && /tmp/svy/bin/python complex_survey_svy.py
"""

import json
from pathlib import Path

import polars as pl
import svy

HERE = Path(__file__).parent

answers = pl.read_csv(HERE / "answers.csv").with_columns((pl.col("rating") >= 4).cast(pl.Float64).alias("counted"))
design = svy.Design(stratum="stratum", psu="cluster", wgt="weight", singleton="center")


def estimate(where: pl.Expr | None) -> dict[str, float]:
    """Return the mean by Taylor linearisation, and as a check on it the same as a ratio inside the whole sample."""
    found = svy.Sample(answers, design).estimation.mean("counted", deff="wr", where=where)
    inside = pl.lit(1.0) if where is None else where.fill_null(value=False).cast(pl.Float64)
    asked = answers.with_columns(inside.alias("inside"), (inside * pl.col("counted")).alias("both"))
    ratio = svy.Sample(asked, design).estimation.ratio("both", "inside").estimates[0]
    mean = found.estimates[0]
    return {
        "respondents": mean.n, "value": mean.est, "standard_error": mean.se, "design_effect": mean.deff,
        "degrees_of_freedom": mean.df, "ratio": ratio.est, "ratio_error": ratio.se,
    }  # fmt: skip


codes = ["stp", "sxd", "ubnd-nt"]
told = {"made_with": f"svy {svy.__version__}", "total": estimate(None)}
told |= {code: estimate(pl.col("agency") == code) for code in codes}
lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(of)}" for name, of in told.items())
(HERE / "complex_survey_svy.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
