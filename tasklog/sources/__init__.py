"""Lines that no task wrote: uploaded files and polled connections.  WORKER."""
