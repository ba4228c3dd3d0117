# A small image: Debian, the libraries postroom needs, one binary. It runs as a user without rights; a
# read-only root is enough (docs/operating.md).
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        make gcc libc6-dev libpq-dev libcurl4-openssl-dev libcjson-dev libncurses-dev libmicrohttpd-dev libssl-dev
WORKDIR /src
COPY Makefile CHANGELOG.md ./
COPY tools tools
COPY schema schema
COPY src src
RUN make build/postroom && strip build/postroom

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
        libpq5 libcurl4 libcjson1 libncursesw6 libmicrohttpd12 libssl3 ca-certificates && \
    rm -rf /var/lib/apt/lists/* && \
    useradd --system --uid 10001 --home-dir /var/lib/postroom --shell /usr/sbin/nologin postroom && \
    install -d -m 700 -o postroom -g postroom /var/lib/postroom
COPY --from=build /src/build/postroom /usr/bin/postroom
ENV LC_ALL=C.UTF-8 STATE_DIRECTORY=/var/lib/postroom
USER 10001
WORKDIR /var/lib/postroom
VOLUME /var/lib/postroom
ENTRYPOINT ["/usr/bin/postroom"]
CMD ["run", "--no-ui"]
