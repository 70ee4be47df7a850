"""The official form II.06a/VPCP/KSTT: read as filed, checked, reconciled with our totals, written from our cases."""
