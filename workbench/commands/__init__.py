"""One command a module: `configure(parser)` declares its arguments, `run(args)` returns an exit code."""
