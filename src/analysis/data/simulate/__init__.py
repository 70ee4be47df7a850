"""A seed in, a made-up Khánh Hòa of 2018–2021 out: its cases, what is counted from them, and the truth behind them."""
