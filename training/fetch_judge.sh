#!/bin/sh
# Fetches the judge that measure.py asks besides its hand-made statistics: Inception v3, trained on photographs and
# packed by nsfwjs (MIT). Nothing of it is part of pastiche. Needs npm and Node.js.
#
#     ./fetch_judge.sh FOLDER      leaves FOLDER/inception.json and FOLDER/inception.bin
set -eu

package=nsfwjs@4.4.0
sha256=585cd178f3b994337c4d10a87b080d342fc52f8b9bf0085c4d1f345a3a1c5382

mkdir -p "$1"
cd "$1"
archive=$(npm pack --silent "$package")
echo "$sha256  $archive" | sha256sum --check --quiet
tar xzf "$archive"
node -e '
  const folder = "./package/dist/models/inception_v3/", fs = require("fs")
  const model = require(folder + "model.min.js")
  fs.writeFileSync("inception.json", JSON.stringify({
    layers: model.modelTopology.model_config.config.layers.map(l => ({
      name: l.name, class: l.class_name, config: l.config, inputs: l.inbound_nodes.flat().map(n => n[0]),
    })),
    weights: model.weightsManifest[0].weights,
  }))
  fs.writeFileSync("inception.bin", Buffer.concat(model.weightsManifest[0].paths.map(
    p => Buffer.from(require(folder + p + ".min.js"), "base64"))))
'
rm -r package "$archive"
