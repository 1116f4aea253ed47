"""tools/compare-load: a crowd of clients against Culvert and ocserv."""
