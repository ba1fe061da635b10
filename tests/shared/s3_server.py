"""Run as a program: OpenStack Swift, a real object store that speaks S3, in a folder and on ports of its own.

`python tests/shared/s3_server.py FOLDER PORT [ADDRESS]`; access key `test:tester`, secret `testing`.
Ends with its standard input.
"""

import multiprocessing
import os
import pwd
import sys
import warnings
from pathlib import Path

LOOPBACK = "127.0.0.1"  # where the parts talk to one another
BACKENDS = ("account", "container", "object")
PIPELINE = "catch_errors cache s3api tempauth copy slo dlo proxy-server"
SWIFT = """[swift-hash]
swift_hash_path_prefix = darkroom
swift_hash_path_suffix = tests
[storage-policy:0]
name = one
default = yes
"""
COMMON = """[DEFAULT]
bind_ip = {address}
bind_port = {port}
workers = 0
swift_dir = {folder}
devices = {folder}/disks
mount_check = false
disable_fallocate = true
log_level = ERROR
user = {user}
"""
FILTERS = """
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
"""


def write_settings(folder: Path, port: int, address: str) -> None:
    """swift.conf, one file a server, and a ring of one device each."""
    from swift.common.ring import RingBuilder

    user = pwd.getpwuid(os.geteuid()).pw_name
    (folder / "swift.conf").write_text(SWIFT)
    for offset, kind in enumerate(BACKENDS, start=1):
        common = COMMON.format(address=LOOPBACK, port=port + offset, folder=folder, user=user)
        app = f"[pipeline:main]\npipeline = {kind}-server\n[app:{kind}-server]\nuse = egg:swift#{kind}\n"
        (folder / f"{kind}.conf").write_text(common + app)
        (folder / "disks/d1").mkdir(parents=True, exist_ok=True)
        ring = RingBuilder(4, 1, 0)
        ring.add_dev(
            {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port + offset, "device": "d1", "weight": 1.0}
        )
        ring.rebalance()
        ring.get_ring().save(str(folder / f"{kind}.ring.gz"))
    filters = "".join(
        f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in ("catch_errors", "copy", "slo", "dlo")
    )
    app = "[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n"
    common = COMMON.format(address=address, port=port, folder=folder, user=user)
    (folder / "proxy.conf").write_text(
        f"{common}[pipeline:main]\npipeline = {PIPELINE}\n{app}{filters}{FILTERS}"
    )


def serve(folder: Path, kind: str) -> None:
    """One of the four servers, in a process of its own."""
    warnings.simplefilter("ignore")
    import swift.common.utils as swift_utils
    import swift.common.utils.config as swift_config

    for module in (swift_utils, swift_config):
        module.SWIFT_CONF_FILE = str(folder / "swift.conf")
    from swift.common.wsgi import run_wsgi

    sys.exit(run_wsgi(str(folder / f"{kind}.conf"), f"{kind}-server"))


def main() -> None:
    """Serve until standard input ends: when the tests die, so does the store."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    write_settings(folder, port, sys.argv[3] if len(sys.argv) > 3 else LOOPBACK)
    context = multiprocessing.get_context("spawn")
    servers = [
        context.Process(target=serve, args=(folder, kind), daemon=True) for kind in (*BACKENDS, "proxy")
    ]
    for server in servers:
        server.start()
    sys.stdin.read()
    for server in servers:
        server.terminate()


if __name__ == "__main__":
    main()
