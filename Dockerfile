# The image of regsweep: the operator by default, the command line with any other arguments.
#
#   docker build --tag regsweep:dev .
#   docker run --rm --volume $PWD:/policies:ro regsweep:dev validate -f /policies/nightly.yaml
#
# Works with a read-only root: it writes to /tmp, and its cache of manifests to /var/cache/regsweep.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN mkdir /cache && python -m venv /build && python -m venv --without-pip /opt/regsweep
COPY requirements/ requirements/
RUN /build/bin/pip install --quiet --require-hashes -r requirements/build.txt \
 && /build/bin/pip --python /opt/regsweep/bin/python install --quiet --only-binary :all: \
      --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator/ operator/
RUN /build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheel . \
 && /build/bin/pip --python /opt/regsweep/bin/python install --quiet --no-deps --no-index /wheel/*.whl

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="regsweep" \
      org.opencontainers.image.description="Keeps a self-hosted container registry small, and never loses an image that was to be kept." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/regsweep /opt/regsweep
COPY --from=build --chown=65532:65532 /cache /var/cache/regsweep
# HOME and USER: the user has no entry in /etc/passwd, whichever a cluster chooses, and libraries ask for one.
ENV PATH=/opt/regsweep/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    USER=regsweep \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 65532:65532
# -P: nothing in the working directory can take a module's place.
ENTRYPOINT ["python", "-P", "-m", "regsweep"]
CMD ["operator"]
