"""Pure decisions: SLO arithmetic, statistics, verdicts. No I/O, no clock, no other part of the workbench."""
