# The RUN lines of the first stage are run by tests/image as they stand, in folders of their own.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
WORKDIR /src
ENV TOOLS=/opt/tools \
    VENV=/opt/deploytrail \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements-build.lock requirements.lock ./
RUN python -m venv "$TOOLS"
RUN python -m venv --without-pip "$VENV"
RUN "$TOOLS/bin/pip" install --require-hashes --only-binary :all: -r requirements-build.lock
RUN "$TOOLS/bin/pip" --python "$VENV/bin/python" install --require-hashes --only-binary :all: -r requirements.lock
# Of the Kubernetes client we use what is below its generated classes, of which there are 120 MB.
RUN find "$VENV" -path '*/kubernetes/*client/*' \( -path '*/api/*' -o -path '*/models/*' \) -type f ! -name '__init__.*' -delete
COPY pyproject.toml hatch_build.py package.json package-lock.json README.md LICENSE ./
COPY operator operator
RUN "$TOOLS/bin/pip" wheel --no-deps --no-build-isolation --wheel-dir dist .
RUN "$TOOLS/bin/pip" --python "$VENV/bin/python" install --no-deps dist/*.whl

FROM python:${PYTHON}-slim
ARG PYTHON
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Deploytrail" \
      org.opencontainers.image.description="Records every deployment in a Kubernetes cluster exactly once." \
      org.opencontainers.image.url="https://deploytrail.dev" \
      org.opencontainers.image.documentation="https://deploytrail.dev" \
      org.opencontainers.image.vendor="Deploytrail" \
      org.opencontainers.image.base.name="docker.io/library/python:${PYTHON}-slim" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/opt/deploytrail/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
COPY --from=build /opt/deploytrail /opt/deploytrail
# A number, so that Kubernetes can see that it is not root; any other number works too.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["deploytrail"]
CMD ["run"]
