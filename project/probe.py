"""Exit code 0 when the URL answers 200: the container's health check.  Needs no Django."""

import sys
import urllib.request

if __name__ == "__main__":
    with urllib.request.urlopen(sys.argv[1], timeout=4) as answer:  # noqa: S310
        sys.exit(0 if answer.status == 200 else 1)
