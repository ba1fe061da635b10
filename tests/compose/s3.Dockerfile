# OpenStack Swift, a real object store that speaks S3: see tests/shared/s3_server.py.
ARG PYTHON_IMAGE=python:3.12-slim
FROM ${PYTHON_IMAGE}
WORKDIR /s3
COPY requirements/dev.txt ./
# the versions of the lock, of Swift and what it needs
RUN grep -v -e '^ ' -e '^#' dev.txt | sed 's/ \\$//' > versions.txt \
    && pip install --quiet --no-cache-dir --disable-pip-version-check --root-user-action ignore \
        --constraint versions.txt swift
COPY tests/shared/s3_server.py ./
