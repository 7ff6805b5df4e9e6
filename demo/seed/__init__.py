"""A believable week of a small shop, so that every page has something to show."""
