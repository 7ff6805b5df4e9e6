"""What programs get of the pages' own things: saved views.  WEB."""
