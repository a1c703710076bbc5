// Times the forward pass of a network in onnxruntime.
//
//   node onnxruntime.mjs MODEL PICTURE ACTIVATIONS SIZE THREADS WARM_UP PASSES
//
// MODEL is an ONNX file. PICTURE holds 3 x SIZE x SIZE float32 values. The
// outputs of the last pass go to the file ACTIVATIONS, one after the other.
// The session has every graph optimisation and writes into buffers that it is
// given, so that no pass allocates or copies an output.

import { readFileSync, writeFileSync } from "node:fs";
import ort from "onnxruntime-node";

const [model, picturePath, activations, ...numbers] = process.argv.slice(2);
const [size, threads, warmUp, passes] = numbers.map(Number);

const session = await ort.InferenceSession.create(model, {
  executionProviders: ["cpu"],
  graphOptimizationLevel: "all",
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
});
const picture = new Float32Array(new Uint8Array(readFileSync(picturePath)).buffer);
const feeds = { picture: new ort.Tensor("float32", picture, [1, 3, size, size]) };
const outputs = Object.fromEntries(session.outputMetadata.map(({ name, shape }) => {
  const length = shape.reduce((a, b) => a * b);
  return [name, new ort.Tensor("float32", new Float32Array(length), shape)];
}));

const seconds = [];
for (let i = 0; i < warmUp + passes; i++) {
  const start = performance.now();
  await session.run(feeds, outputs);
  if (i >= warmUp) seconds.push((performance.now() - start) / 1000);
}

const bytes = session.outputNames.map((name) => Buffer.from(outputs[name].data.buffer));
writeFileSync(activations, Buffer.concat(bytes));
console.log(JSON.stringify({ name: `onnxruntime ${ort.env.versions.node}, cpu provider`, seconds }));
