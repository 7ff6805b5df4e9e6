"""The demo for programs: start a pattern, ask what became of it, stop it.  WEB."""
