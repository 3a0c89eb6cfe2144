# The program `firm`, built from this source: docker build --tag firmitas:0.1.0 .
# Images of models are made from it: see `design/deploy/Dockerfile` of a design.
FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked --package cli

FROM debian:bookworm-slim
# Certificate authorities for calls to externals; folders for data and keys that nobody in particular
# owns.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=65532 --group=65532 /data /keys
COPY --from=build /source/target/release/firm /usr/local/bin/firm
USER 65532:65532
ENTRYPOINT ["firm"]
