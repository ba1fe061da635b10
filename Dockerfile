# One file for all images: `docker build --build-arg SERVICE=tagging -t darkroom-tagging .`
# SERVICE is gateway, legacy, tagging, imagestore, processing, sdcard or backup. What it needs is named by the
# stages that end with its name; the last stage picks them. Nothing here needs BuildKit. With it only the stages
# that a service needs are built; without it all are, once, and the next image finds them in the cache.
ARG PYTHON_IMAGE=python:3.12-slim
ARG NODE_IMAGE=node:20-slim
ARG SERVICE=gateway

# The user interface. Node and its packages stay here.
FROM ${NODE_IMAGE} AS page
WORKDIR /page
COPY gateway/web/package.json gateway/web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY gateway/web ./
RUN npm run build

# The source of each service: its own, and no other's.
FROM scratch AS source-gateway
COPY gateway/*.py /app/gateway/
COPY gateway/migrations /app/gateway/migrations/
COPY gateway/pages /app/gateway/pages/
COPY deploy/secret_files.py /app/deploy/
COPY --from=page /page/dist /app/gateway/web/dist/

FROM scratch AS source-legacy
COPY gateway/__init__.py gateway/settings.py gateway/forwarded.py /app/gateway/
COPY gateway/legacy /app/gateway/legacy/

FROM scratch AS source-tagging
COPY services/__init__.py /app/services/
COPY services/tagging /app/services/tagging/

FROM scratch AS source-imagestore
COPY services/__init__.py /app/services/
COPY services/imagestore /app/services/imagestore/

FROM scratch AS source-processing
COPY services/__init__.py /app/services/
COPY services/processing /app/services/processing/
COPY deploy/dask.yaml /etc/dask/

FROM scratch AS source-sdcard
COPY services/__init__.py /app/services/
COPY services/sdcard /app/services/sdcard/

# Backups know the tables of all.
FROM scratch AS source-backup
COPY services /app/services/
COPY gateway/*.py /app/gateway/
COPY gateway/migrations /app/gateway/migrations/

FROM source-${SERVICE} AS source

# Packages that every service has, in a layer that all images share; below it those of the three that
# work on pictures.
FROM ${PYTHON_IMAGE} AS packages-core
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /app
COPY requirements/core.txt requirements/
RUN pip install --quiet --require-hashes --only-binary :all: -r requirements/core.txt

FROM packages-core AS packages-pictures
COPY requirements/pictures.txt requirements/
RUN pip install --quiet --require-hashes --only-binary :all: -r requirements/pictures.txt

FROM packages-core AS packages-backup
FROM packages-core AS packages-gateway
FROM packages-core AS packages-legacy
FROM packages-core AS packages-sdcard
FROM packages-pictures AS packages-tagging
FROM packages-pictures AS packages-imagestore
FROM packages-pictures AS packages-processing

FROM packages-${SERVICE}
ARG SERVICE
COPY requirements/${SERVICE}.txt requirements/
RUN pip install --quiet --require-hashes --only-binary :all: -r requirements/${SERVICE}.txt
# Folders that volumes are mounted on take their rights from here: any user may be told to run this.
RUN mkdir -m 1777 /data /run/secrets /handed /handed/postgres /handed/prometheus /backups /pictures \
    && cd /data && mkdir -m 1777 gateway legacy tagging imagestore processing sdcard
COPY shared shared
COPY deploy/start.py deploy/healthy.py deploy/
COPY --from=source / /
# The root file system is read-only when this runs, so nothing is compiled then.
RUN python -m compileall -q --invalidation-mode unchecked-hash deploy gateway services shared || test $? = 1
ENV SERVICE=${SERVICE} \
    DARKROOM_DATA_DIR=/data \
    HOME=/tmp \
    PYTHONPATH=/app \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
HEALTHCHECK --interval=5s --timeout=10s --start-period=60s --retries=5 \
    CMD ["python", "-IS", "deploy/healthy.py"]
CMD ["python", "-IS", "deploy/start.py"]
