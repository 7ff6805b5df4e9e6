# One image for every role: web, worker, beat, drainer.  compose.yaml shows the commands.
# The one place that names the base: `--from` and a pinned digest replace it for both stages.
FROM python:3.13-slim AS base

FROM base AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.txt /
# Exact versions by their hashes: whatever the index serves, nothing else gets in.
RUN /venv/bin/pip install --require-hashes --no-deps -r /requirements.txt
WORKDIR /app
COPY manage.py ./
COPY tasklog tasklog
COPY dashboard dashboard
COPY demo demo
COPY project project
COPY templates templates
COPY static static
# The key serves this one command and stays in this stage's process.
RUN SECRET_KEY=for-collectstatic STATIC_HASHED=true STATIC_ROOT=/app/collected \
    /venv/bin/python manage.py collectstatic --noinput

FROM base
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent tasklog \
    && install -d -o tasklog -g tasklog -m 0700 /var/lib/tasklog /var/lib/tasklog/spool
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=project.settings \
    TASKLOG_VAR=/var/lib/tasklog \
    STATIC_ROOT=/app/collected \
    STATIC_HASHED=true \
    BIND_HOST=0.0.0.0
WORKDIR /app
USER 10001
EXPOSE 8000
VOLUME /var/lib/tasklog/spool
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-I", "/app/project/probe.py", "http://127.0.0.1:8000/healthz"]
CMD ["gunicorn", "-c", "python:project.gunicorn_conf"]
