# A small image of the command, for a folder of claims:
#
#   docker build -t lossmodel .
#   docker run --rm -v "$PWD:/work" --user "$(id -u):$(id -g)" lossmodel fit
FROM python:3.13-slim AS build
WORKDIR /source
COPY . .
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
COPY constraints.txt /tmp/install/
COPY --from=build /wheels /tmp/install/
RUN python -m pip install --no-cache-dir -c /tmp/install/constraints.txt /tmp/install/*.whl \
    && rm -r /tmp/install \
    && useradd --no-create-home --uid 1000 analyst \
    && install -d -o analyst -g analyst /work
# Caches that any user may write, because --user may name one without a home.
ENV HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    LOSSMODEL_CACHE=/tmp/lossmodel
USER analyst
WORKDIR /work
ENTRYPOINT ["lossmodel"]
CMD ["--help"]
