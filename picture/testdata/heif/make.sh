#!/usr/bin/env bash
# Makes the HEIC and AVIF files from the PNG files beside it, which Go drew, with
# heif-enc of libheif 1.15.1 (Debian's libheif-examples).
set -euo pipefail
cd "$(dirname "$0")"

for name in plain alpha grey; do
  heif-enc -q 95 $name.png -o $name.heic
  heif-enc -A -q 95 $name.png -o $name.avif
done
heif-enc -A -b 10 -q 95 plain.png -o deep.avif
heif-enc -A -p chroma=444 -q 95 plain.png -o 444.avif
heif-enc -p chroma=444 -q 95 plain.png -o 444.heic
heif-enc --full_range_flag 0 --matrix_coefficients 1 -q 95 plain.png -o studio709.heic
