"""Form II.06a/VPCP/KSTT: read as filed, checked, reconciled with our counts, and written from our cases."""
