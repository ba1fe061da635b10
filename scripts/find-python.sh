#!/bin/sh
# Prints the first Python that is new enough, or says in one sentence what is missing.
for python in ${DARKROOM_PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        command -v "$python"
        exit 0
    fi
done
found=$(python3 --version 2>/dev/null) || found="no python3"
echo "Darkroom needs Python 3.11 or newer; this machine's PATH has ${found}." >&2
exit 1
