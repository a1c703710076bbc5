#!/usr/bin/env bash
# Copies the decoders, compiled to WebAssembly, and their licences from the Go
# modules that build them, at the versions below.
set -euo pipefail
cd "$(dirname "$0")"

folder() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }

heic=$(folder github.com/gen2brain/heic@v0.4.5)
avif=$(folder github.com/gen2brain/avif@v0.4.4)
install -m 644 "$heic/lib/heif.wasm.gz" hevc.wasm.gz
install -m 644 "$avif/lib/decode.wasm.gz" av1.wasm.gz
install -m 644 "$heic/lib/LICENSE.libheif" LICENSE.libheif
install -m 644 "$heic/lib/LICENSE.libde265" LICENSE.libde265
install -m 644 "$avif/lib/LICENSE.libavif" LICENSE.libavif
install -m 644 "$avif/lib/LICENSE.aom" LICENSE.aom
install -m 644 "$heic/LICENSE" LICENSE.heic
install -m 644 "$avif/LICENSE" LICENSE.avif
sha256sum --check <<'SUMS'
1ee2423413384d54b3fa4e2882424d60a2a05f5fe7ec573535fdb6b531071a9b  av1.wasm.gz
3634a6447ea3915633667f39e01ff540a60f4e2f837a8391d044d76dfd8a0435  hevc.wasm.gz
SUMS
