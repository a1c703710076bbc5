#!/bin/sh
# Paints the three examples of what comes of a photo and a painting, with the
# recipe that is the default. Run it from the repository's root after a change
# of the recipes or of the pictures:
#
#     sh examples/triples.sh
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/pastiche" ./cmd/pastiche

# triple PHOTO PAINTING paints the one like the other.
triple() {
    "$work/pastiche" paint "examples/photos/$1.jpg" "examples/paintings/$2.jpg" --quiet --size 640 -o "$work/$1-$2.png"
    go run ./examples/shrink -long 256 -quality 74 -o examples/triples "$work/$1-$2.png"
}

triple castle starry-night
triple cat great-wave
triple chenonceau sunset
