"""The release store: the runs and their manifests, what a new run can reuse of them, the history and the ledger."""
