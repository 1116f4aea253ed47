"""tools/rfc2544: searched rates for the frame sizes of RFC 2544 and a mix, as a table, JSON and a page."""
