"""Training that outliers cannot pull far."""
