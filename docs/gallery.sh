#!/usr/bin/env bash
# Paints the pictures of the README and of docs/GALLERY.md with the built-in
# network: docs/gallery.sh. Pictures that exist are skipped: remove those that are to
# be painted again. PASTICHE names another program to paint with.
set -euo pipefail
cd "$(dirname "$0")/.."
photos=examples/photos paintings=examples/paintings masks=examples/masks
images=docs/images
if [ -z "${PASTICHE:-}" ]; then
  PASTICHE="${TMPDIR:-/tmp}/pastiche-gallery"
  go build -o "$PASTICHE" ./cmd/pastiche
fi
mkdir -p "$images"

paint() { # name of the picture, photograph, painting, flags…
  local name=$1 photo=$2 painting=$3
  shift 3
  [ -e "$images/$name.jpg" ] ||
    "$PASTICHE" paint --quiet "$photos/$photo.jpg" "$paintings/$painting.jpg" -o "$images/$name.jpg" "$@"
}

# The README: the defaults.
paint castle castle starry-night
paint great-wall great-wall sunset
paint coffee coffee dolphins
paint chenonceau chenonceau river
paint horses horses poppies
paint astronaut astronaut harvest
paint bridge bridge starry-night

# The gallery: one thing changed at a time.
small=(--size 192 --quality 88)

for recipe in fine nnst gatys classic strotss; do
  paint "recipe-$recipe" great-wall sunset "${small[@]}" --recipe "$recipe" --save-every 0
done
paint pen-fine astronaut harvest "${small[@]}"
paint pen-nnst astronaut harvest "${small[@]}" --recipe nnst
paint scale-half castle starry-night "${small[@]}" --style-scale 0.5
paint scale-twice castle starry-night "${small[@]}" --style-scale 2
paint strength-bold castle starry-night "${small[@]}" --strength bold
paint strength-subtle castle starry-night "${small[@]}" --strength subtle
paint cost-gram castle starry-night "${small[@]}" --style-cost gram
paint rotations castle starry-night "${small[@]}" --rotations 4
paint pyramid castle starry-night "${small[@]}" --pyramid 3
paint colors-style great-wall sunset "${small[@]}" --colors style
paint colors-content great-wall sunset "${small[@]}" --colors content
paint keep castle sunset "${small[@]}" --keep "$masks/castle-sky.png"
two() { # name of the picture, flags…
  local name=$1
  shift
  [ -e "$images/$name.jpg" ] ||
    "$PASTICHE" paint --quiet "$photos/castle.jpg" "$paintings/sunset.jpg" "$paintings/moonrise.jpg" \
      "${small[@]}" -o "$images/$name.jpg" "$@"
}
two masks --mask "$masks/castle-sky.png" --mask "$masks/castle-ground.png"
two blend --style-blend 1,1

[ -e "$images/texture.jpg" ] ||
  "$PASTICHE" texture --quiet "$paintings/dolphins.jpg" --shape 160x160 --tileable --quality 88 -o "$images/texture.jpg"
for layer in conv2_1 conv4_2; do
  [ -e "$images/content-$layer.jpg" ] ||
    "$PASTICHE" reconstruct --quiet "$photos/cat.jpg" --layer "$layer" "${small[@]}" -o "$images/content-$layer.jpg"
  [ -e "$images/style-$layer.jpg" ] ||
    "$PASTICHE" reconstruct --quiet "$paintings/starry-night.jpg" --of style --layer "$layer" "${small[@]}" -o "$images/style-$layer.jpg"
done

# Every recipe on eight pairs.
mkdir -p "$images/pairs"
while read -r photo painting; do
  for recipe in fine nnst strotss gatys classic; do
    paint "pairs/$photo-$recipe" "$photo" "$painting" --size 192 --quality 80 --no-provenance --recipe "$recipe" --save-every 0
  done
done <<PAIRS
castle starry-night
great-wall sunset
bridge river
horses poppies
astronaut harvest
bee dolphins
cat moonrise
coffee sunset
PAIRS

# A sheet of the scales and a chart of the costs.
[ -e "$images/scales.jpg" ] ||
  "$PASTICHE" paint --quiet "$photos/cat.jpg" "$paintings/starry-night.jpg" --quality 88 \
    -o "$images/cat.jpg" --plot "$images/costs.svg" --sheet "$images/scales.jpg"
