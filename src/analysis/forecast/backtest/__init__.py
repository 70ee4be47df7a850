"""What the forecasts would have said in the past, and how right that was."""
