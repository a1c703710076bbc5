#!/bin/sh
# Paints the small pictures that the page shows beside its settings: the castle
# in the style of The Starry Night, each time with one setting changed. Run it from the
# repository's root after a change of the recipes:
#
#     sh examples/help.sh
set -eu

photo=examples/photos/castle.jpg
style=examples/paintings/starry-night.jpg
folder=internal/studio/web/public/help
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

go build -o "$work/pastiche" ./cmd/pastiche
mkdir "$work/painted"

# picture NAME FLAGS... paints the picture of one setting.
picture() {
    name=$1
    shift
    "$work/pastiche" paint "$photo" "$style" --quiet --size 256 -o "$work/painted/$name.png" "$@"
}

picture strength-subtle --strength subtle
picture strength-bold --strength bold
# The brush is half and twice the size that the recipe chooses (1.5).
picture brush-fine --style-scale 0.75
picture brush-broad --style-scale 3
for method in fine classic gatys nnst strotss; do
    picture "method-$method" --recipe "$method"
done
picture colors-style --colors style
picture colors-content --colors content
picture colors-match --colors match

go run ./examples/shrink -long 160 -quality 70 -o "$folder" "$work"/painted/[a-z]*.png
