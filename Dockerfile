# One image for the thirteen services, the provisioning step and the provider sandbox: the command differs.
FROM python:3.11-slim AS build
WORKDIR /source
COPY requirements/bootstrap.txt requirements/suite.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
 && uv venv /opt/markethall \
 && uv pip sync --no-cache --python /opt/markethall/bin/python --require-hashes requirements/suite.txt
COPY pyproject.toml README.md ./
COPY libs libs
COPY services services
COPY dev dev
RUN uv pip install --no-cache --python /opt/markethall/bin/python --no-deps --no-build-isolation . \
 && /opt/markethall/bin/python -m compileall -q /opt/markethall/lib

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin markethall \
 && install --directory --owner=markethall --mode=0700 /data
COPY --from=build /opt/markethall /opt/markethall
ENV PATH=/opt/markethall/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 10001
STOPSIGNAL SIGTERM
CMD ["python", "-m", "common.serve", "gateway"]
