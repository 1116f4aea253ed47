"""tools/bench-report: what one core does, as a table, as JSON and as a page with plots."""
