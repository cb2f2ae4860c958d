# The image of every process of the system: API, gateway for charge boxes, or both.

# --- build: a wheel, installed into an environment that moves as one folder ---
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

WORKDIR /src
COPY pyproject.toml README.md ./
COPY csms csms
COPY api api
COPY simulators simulators
COPY migrations migrations

RUN python -m pip wheel --no-deps --wheel-dir /wheels . \
    && python -m venv /opt/csms \
    && /opt/csms/bin/python -m pip install /wheels/*.whl

# --- runtime: that folder and an ordinary user ---
FROM python:3.13-slim

# The number is fixed, so that volumes keep their owner and a cluster can see that it is not root.
RUN groupadd --gid 10001 csms \
    && useradd --uid 10001 --gid 10001 --create-home --home-dir /var/lib/csms --shell /usr/sbin/nologin csms

COPY --from=build /opt/csms /opt/csms

# A loopback address inside a container reaches nobody. The folder serves only who sets no CSMS_DATABASE_URL.
ENV PATH=/opt/csms/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CSMS_HOST=0.0.0.0 \
    CSMS_DATA_DIR=/var/lib/csms/data

USER 10001:10001
WORKDIR /var/lib/csms

# Charge boxes (OCPP-J), REST clients (HTTP)
EXPOSE 9000 8000

# Without urllib, which would send the question through a proxy of the environment.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]

ENTRYPOINT ["csms"]
CMD ["serve"]
