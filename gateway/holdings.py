"""What the gateway's rows stand for: for backups."""

from shared.backup.holdings import Holdings

# Keys stand in the rows as digests: the admin's own copy is a file. The token is of the whole stack.
HOLDINGS = Holdings(secrets=("admin.key", "gateway/admin.key", "service.token"))
