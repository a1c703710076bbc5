// The record that a PNG of pastiche carries of how it was painted: the text chunk
// "pastiche", which holds JSON.
import type { Job, Recipe } from './api'
import { settingsOf, type Settings } from './recipe'

// A PaintingRecord says how a picture was painted.
export interface PaintingRecord {
  // The options, as those of a job.
  options: Job['options']
  // settings returns the settings of the page that stand for the options. base is the
  // recipe that options.recipe.name names.
  settings(base: Recipe): Settings
  // The pictures that it was painted from. In a painting of a studio the names are
  // roles, such as "style-0", and the sums those of Input and File. In one of the
  // command they are those of the files.
  inputs: { name: string; sha256: string }[]
  // The size of the picture, in pixels.
  width: number
  height: number
}

const signature = '\x89PNG\r\n\x1a\n'
const keyword = 'pastiche'
// The longest record, in bytes, and the most chunks before the pixels.
const longest = 60_000
const mostChunks = 200

// readRecord returns the record in a file, or undefined where it has none. It reads
// only what comes before the pixels.
export async function readRecord(file: Blob): Promise<PaintingRecord | undefined> {
  if (latin(await bytes(file, 0, signature.length)) !== signature) return undefined
  let size: DataView | undefined
  for (let at = signature.length, n = 0; n < mostChunks; n++) {
    const head = await bytes(file, at, 8)
    if (head.length < 8) return undefined
    const length = view(head).getUint32(0)
    const kind = latin(head.subarray(4))
    if (kind === 'IHDR') size = view(await bytes(file, at + 8, 8))
    if (kind === 'IDAT') return undefined
    if (['iTXt', 'tEXt', 'zTXt'].includes(kind) && length <= longest && size && size.byteLength === 8) {
      const text = await textOf(kind, await bytes(file, at + 8, length))
      if (text !== undefined) return parse(text, size.getUint32(0), size.getUint32(4))
    }
    at += 12 + length
  }
  return undefined
}

const bytes = async (file: Blob, at: number, length: number) => new Uint8Array(await file.slice(at, at + length).arrayBuffer())
const latin = (data: Uint8Array) => String.fromCharCode(...data)
const view = (data: Uint8Array) => new DataView(data.buffer, data.byteOffset, data.byteLength)

// textOf returns the text of a chunk with the keyword, or undefined.
async function textOf(kind: string, chunk: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  let at = chunk.indexOf(0) + 1
  if (latin(chunk.subarray(0, at)) !== `${keyword}\0`) return undefined
  let compressed = kind === 'zTXt'
  if (compressed) at++ // the method
  if (kind === 'iTXt') {
    compressed = chunk[at] === 1
    at += 2 // and the method
    for (let i = 0; i < 2; i++) at = chunk.indexOf(0, at) + 1 // the language, and the keyword in it
  }
  const text = chunk.subarray(at)
  if (!compressed) return new TextDecoder().decode(text)
  return inflated(text)
}

// inflated returns a compressed text, or undefined where it is damaged or too long.
async function inflated(data: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream('deflate')).getReader()
  const text = new TextDecoder()
  let all = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return all
      all += text.decode(value, { stream: true })
      if (all.length > longest) return undefined
    }
  } catch {
    return undefined
  } finally {
    reader.cancel().catch(() => {}) // it may have failed already
  }
}

function parse(text: string, width: number, height: number): PaintingRecord | undefined {
  let r: Record<string, unknown>
  try {
    r = JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
  const recipe = r?.['recipe'] as Recipe | undefined
  if (typeof recipe?.name !== 'string' || ![recipe.size, recipe.iterations, recipe.style_scale].every(positive)) return undefined
  const options: Job['options'] = {
    recipe,
    seed: Number.isSafeInteger(r['seed']) ? (r['seed'] as number) : 0,
    ...(typeof r['strength'] === 'number' ? { strength: r['strength'] } : {}),
    ...(numbers(r['style_weights']) ? { style_weights: r['style_weights'] } : {}),
    ...(numbers(r['style_scales']) ? { style_scales: r['style_scales'] } : {}),
  }
  const inputs = Array.isArray(r['inputs']) ? (r['inputs'] as PaintingRecord['inputs']).filter((i) => typeof i?.name === 'string' && typeof i.sha256 === 'string') : []
  return { options, settings: (base) => settingsOf(options, base), inputs, width, height }
}

const positive = (x: unknown) => typeof x === 'number' && x > 0
const numbers = (x: unknown): x is number[] => Array.isArray(x) && x.every((n) => typeof n === 'number')
