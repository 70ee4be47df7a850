"""Will the promises of this year's plan be kept, how sure are we, and what would it take?

``from analysis import Quarter`` is the way in for notebooks and scripts. The rooms, in the order in which data flows:

- ``plan``        what is measured, what is open, what is promised
- ``data``        received files → the tables of the contract
- ``indicators``  tables → shares and means with their counts
- ``forecast``    shares so far → joint draws of the rest of the year
- ``attainment``  draws → the probability of each promise
- ``quarter``     one run → all of that, computed once and kept; `Quarter`: start reading at its ``stages``
- ``report``      results → words, tables, figures
- ``explore``     results → controls to drill down and to ask "what if" with
- ``publish``     notebooks → a published quarter
"""

from typing import Any


def __getattr__(name: str) -> Any:
    # Imported when asked for: the command line answers for help without pandas.
    if name == "Quarter":
        from analysis.quarter.quarter import Quarter

        return Quarter
    raise AttributeError(f"module 'analysis' has no attribute {name!r}")
