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
paint cost-gram castle starry-night "${small[@]}" --set style_cost=gram
paint rotations castle starry-night "${small[@]}" --set rotations=4
paint pyramid castle starry-night "${small[@]}" --set pyramid=3
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
    -o "$images/cat.jpg" --chart "$images/costs.svg" --sheet "$images/scales.jpg"

# Two videos, each beside its painting: a slow pan and zoom over a photograph, and a castle
# before clouds that move the other way. Both come back to where they begin. FFmpeg makes
# the clips, four times as large so that motion is not rounded to pixels, and the files.
video() { # name of the video, painting, arguments of ffmpeg that make the clip
  local name=$1 painting=$2 work
  shift 2
  [ -e "$images/$name.webp" ] && return
  work=$(mktemp -d)
  ffmpeg -nostdin -v error "$@" -frames:v 36 -pix_fmt yuv444p "$work/clip.y4m"
  "$PASTICHE" video --quiet "$work/clip.y4m" "$paintings/$painting.jpg" -o "$work/painted.y4m" --loop
  ffmpeg -nostdin -v error -i "$work/clip.y4m" -i "$work/painted.y4m" -filter_complex hstack \
    -c:v libwebp_anim -quality 72 -compression_level 6 -loop 0 "$images/$name.webp"
  rm -r "$work"
}
turn='2*PI*%s/36'
video video-pan sunset -loop 1 -i "$photos/great-wall.jpg" -vf "$(
  printf 'scale=2400:-2,zoompan=d=1:s=1280x960:fps=12:z=1.3-0.15*cos(%s):x=iw/2-iw/zoom/2+0.08*iw*sin(%s):y=ih/2-ih/zoom/2,scale=320:240' \
    "${turn/\%s/on}" "${turn/\%s/on}")"
video video-layers starry-night -loop 1 -framerate 12 -i "$photos/horses.jpg" -loop 1 -framerate 12 -i "$photos/castle.jpg" \
  -loop 1 -framerate 12 -i "$masks/castle-ground.png" -filter_complex "$(
  printf '[0]crop=iw:ih*0.45:0:0,scale=2000:856[sky];[1]scale=1472:982[castle];[2]scale=1472:982[mask];[castle][mask]alphamerge[front];[sky]crop=1280:856:360+300*sin(%s):0[back];[back][front]overlay=-96+80*sin(%s):-63:eval=frame,scale=320:214' \
    "${turn/\%s/n}" "${turn/\%s/n}")"
