"""Forecast the rest of a year: counts per period come in, joint draws of the remaining periods go out."""
