# The hub in a container: `docker build -t hub .`; needs HUB_DATABASE_URL, and in production keys (see the README).
# The target `backup` has pg_dump and pg_restore besides, for `hub backup`.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements.run.lock ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.run.lock

FROM build AS build-backup
COPY requirements.local.lock ./
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.local.lock

FROM python:3.11-slim-bookworm AS runtime
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 HUB_HOST=0.0.0.0 HUB_DATA_DIR=/data HUB_LOG_FORMAT=json
RUN groupadd --gid 10001 hub \
    && useradd --uid 10001 --gid hub --no-create-home --shell /usr/sbin/nologin hub \
    && install -d -o hub -g hub -m 0700 /data /backups
WORKDIR /app
COPY hub ./hub
# Compiled here, because the user below may not write.
RUN python -m compileall -q hub
USER 10001
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["python", "-m", "hub"]
CMD ["serve"]

FROM runtime AS backup
COPY --from=build-backup /venv /venv

FROM runtime AS hub
COPY --from=build /venv /venv
