"""The benchmark harness: ratios within one run, never absolute claims."""
