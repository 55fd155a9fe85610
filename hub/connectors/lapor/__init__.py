"""SP4N-LAPOR!, the national complaint service: its reports become records of the kind report."""
