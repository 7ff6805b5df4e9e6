"""Rules that watch runs, lines, queues and workers, and the incidents they open.  BOTH."""
