"""How the embedded PostgreSQL is set: passed on its command line at every start, so that nothing old stays."""

from __future__ import annotations

from collections.abc import Mapping

# For a laptop of two cores that runs everything else beside it. What must never be lost is passed explicitly.
SETTINGS: Mapping[str, str] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "50",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    # Parallel plans gain little on two cores, and their shared memory does not fit a container's 64 MB /dev/shm.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "max_logical_replication_workers": "0",
    "jit": "off",
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_min_messages": "warning",
    # A statement may carry a whole batch as parameters: it is not repeated in the log when it fails.
    "log_min_error_statement": "panic",
    "logging_collector": "off",
    "cluster_name": "echora",
}
