# The studio in an image with nothing else in it: docker build -t pastiche .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /pastiche ./cmd/pastiche && mkdir /data

FROM scratch
COPY --from=build /pastiche /pastiche
# Whoever runs it owns the data; nobody is root.
COPY --from=build --chown=65532:65532 /data /data
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
USER 65532:65532
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/pastiche"]
# Another address than loopback wants keys: see docs/OPERATING.md.
CMD ["serve", "--addr", "0.0.0.0:8080", "--data", "/data/jobs", "--keys", "/run/secrets/keys", "--log", "json"]
