"""Types that all packages share: samples, verdicts, generations, reports, errors, tables."""
