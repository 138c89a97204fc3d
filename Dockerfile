# Signet in a container: `docker build -t signet .`
#
# The root file system may be read-only; everything that changes is in /var/lib/signet (the SQLite
# file, unless SIGNET_DATABASE_URL says otherwise, and the root key).

FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /src

# What is locked changes seldom, what is ours changes often: two layers.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /build \
    && /build/bin/pip install --require-hashes --no-deps -r requirements-build.lock \
    && python -m venv --without-pip /opt/signet \
    && /build/bin/pip --python /opt/signet/bin/python install \
        --no-compile --require-hashes --no-deps -r requirements.lock

COPY . .
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && /build/bin/pip --python /opt/signet/bin/python install --no-compile --no-deps /dist/*.whl \
    && /opt/signet/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/signet/lib


FROM python:3.13-slim

# Nothing that installs software is left, and nobody but root owns the program.
RUN python -m pip uninstall --yes --root-user-action=ignore pip \
    && rm -rf /usr/local/lib/python3*/ensurepip \
    && groupadd --gid 10001 signet \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/signet \
        --shell /usr/sbin/nologin signet \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/signet

COPY --from=build /opt/signet /opt/signet

ENV PATH=/opt/signet/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SIGNET_DATABASE_URL=sqlite:////var/lib/signet/signet.sqlite3 \
    SIGNET_KEYS_DIR=/var/lib/signet/keys

USER 10001:10001
WORKDIR /var/lib/signet
VOLUME /var/lib/signet
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", \
    "import urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:8000/healthz', timeout=4)"]

ENTRYPOINT ["signet"]
CMD ["serve", "--host", "0.0.0.0"]
