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

# The tag names one release of Go and of Debian. To pin the bytes, too, append
# "@sha256:" and the digest that "docker buildx imagetools inspect" prints.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /pastiche ./cmd/pastiche && mkdir -p /root-fs/data /root-fs/tmp

FROM scratch
LABEL org.opencontainers.image.title="pastiche" \
      org.opencontainers.image.description="Neural style transfer: a web page and an HTTP API" \
      org.opencontainers.image.source="https://github.com/pastiche-art/pastiche" \
      org.opencontainers.image.documentation="https://github.com/pastiche-art/pastiche/blob/main/docs/OPERATING.md" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /pastiche /pastiche
COPY LICENSE NOTICES /
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# Jobs are in /data, and uploads in /tmp while they arrive.
COPY --from=build --chown=65532:65532 /root-fs/ /
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
