"""Reports: one result, many renderings. A new format is one file here and one row in `lotl.report.write`."""
