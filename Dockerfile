# An image with the static program and nothing else.
#
#   docker build -t pastiche .
#   docker run -p 127.0.0.1:8080:8080 -v pastiche:/data pastiche
#
# Then open http://localhost:8080. The default command has no keys: everybody who
# reaches the published port may paint. The line above publishes it to this machine
# only, and the server refuses requests that name another host. For other machines,
# give keys:
#
#   docker run -p 8080:8080 -v pastiche:/data -v ./keys.txt:/run/secrets/keys:ro --stop-timeout 60 \
#     pastiche serve --addr 0.0.0.0:8080 --keys /run/secrets/keys --data /data/jobs --log-format json

# To have 'pastiche version' name the source, give it: the build does not see git.
#
#   docker build -t pastiche --build-arg VERSION=$(git describe --always --dirty) \
#     --build-arg COMMIT=$(git rev-parse HEAD) --build-arg DATE=$(git log -1 --format=%cI) .
#
# For another platform, add --platform linux/arm64: Go compiles for it on this one.

# The tag names one release of Go and of Debian. To pin the bytes, too, append
# "@sha256:" and the digest that "docker buildx imagetools inspect" prints.
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS base
RUN mkdir -p /root-fs/data /root-fs/tmp

FROM base AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH VERSION COMMIT DATE
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w -buildid= -X main.version=$VERSION -X main.commit=$COMMIT -X main.commitDate=$DATE" -o /pastiche ./cmd/pastiche

# Everything but the program.
FROM scratch AS image
LABEL org.opencontainers.image.title="pastiche" \
      org.opencontainers.image.description="Neural style transfer: a web page and an HTTP API" \
      org.opencontainers.image.source="https://github.com/pastiche-art/pastiche" \
      org.opencontainers.image.documentation="https://github.com/pastiche-art/pastiche/blob/main/docs/OPERATING.md" \
      org.opencontainers.image.licenses="MIT"
COPY LICENSE NOTICES /
COPY --from=base /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# Jobs are in /data, and uploads in /tmp while they arrive.
COPY --from=base --chown=65532:65532 /root-fs/ /
# Installed networks are in /data/networks.
ENV PASTICHE_HOME=/data
USER 65532:65532
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# A worker answers the health check with --metrics-addr 127.0.0.1:8080.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/pastiche", "health"]
ENTRYPOINT ["/pastiche"]
CMD ["serve", "--addr", "0.0.0.0:8080", "--insecure", "--data", "/data/jobs", "--log-format", "json"]

# The program of a release: .goreleaser.yaml builds this target, with its binaries in
# folders such as linux/arm64.
FROM image AS release
ARG TARGETPLATFORM
COPY $TARGETPLATFORM/pastiche /pastiche

FROM image
COPY --from=build /pastiche /pastiche
