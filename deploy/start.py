"""What an image runs: the service that it was built for, in this very process, so that SIGTERM reaches it."""

import os
import resource
import sys

MODULES = {"legacy": ("gateway.legacy",), "backup": ("shared.backup",)}


def main() -> None:
    """Become the service that SERVICE names, with as many open files as the engine allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    service = os.environ["SERVICE"]
    module = MODULES.get(service, ("shared.web.serve", service))
    os.execv(sys.executable, [sys.executable, "-m", *module, *sys.argv[1:]])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
