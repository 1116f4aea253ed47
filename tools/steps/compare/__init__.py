"""tools/compare-ocserv: two headends, one lab, one client, one load."""
