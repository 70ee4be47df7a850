"""From notebooks to a published quarter: run, export, gate, swap; a failure leaves the last good report alone."""
