"""From a seed to a simulated Khánh Hòa of 2018–2021: its cases, the counts of them, and the true shares behind them."""
