"""From shares so far to the rest of the year: counts per period come in, joint draws and dressed baselines go out."""
