"""Will the promises of this year's plan be kept, how sure are we, and what would it take?

Read in this order; data flows one way:

- ``quarter``     one run, from its parameters to its results, on one screen: start here
- ``data``        received files → the tables of the contract
- ``indicators``  tables → shares with their counts
- ``forecast``    shares so far → joint draws of the rest of the year
- ``attainment``  draws → the probability of each promise
- ``report``      results → words, tables, figures
- ``explore``     results → controls to drill down and to ask "what if" with
- ``publish``     notebooks → a published quarter
"""
