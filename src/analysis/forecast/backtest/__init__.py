"""Backtest: forecast every past year from each of its origins, and grade the forecasts by the outcomes."""
