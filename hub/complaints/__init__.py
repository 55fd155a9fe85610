"""The complaint service (LaporGub): rules, deadlines, workflow. No I/O in the rules."""
