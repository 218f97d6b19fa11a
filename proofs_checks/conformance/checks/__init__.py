"""The promises, grouped by idea; each module has its `CHECKS`."""
