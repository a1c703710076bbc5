import { expect, test } from 'vitest'
import type { Recipe } from './api'
import { readRecord } from './record'
// A file of 'pastiche paint castle.jpg river.jpg --size 48 --iterations 2 --strength 0.3
// --seed 7', and one of a studio, painted after two styles.
import command from './testdata/command.png?inline'
import studio from './testdata/studio.png?inline'

const load = async (url: string) => (await fetch(url)).blob()
const base = { name: 'fine', size: 512, iterations: 40, style_scale: 1 } as Recipe

test('the record of a painting of the command', async () => {
  const record = await readRecord(await load(command))
  expect(record).toMatchObject({
    width: 48,
    height: 32,
    options: { seed: 7, strength: 0.3, recipe: { name: 'fine', size: 48, iterations: 2, first_iterations: 4, colors: 'match' } },
    inputs: [
      { name: 'castle.jpg', sha256: '12530ac836eca18c82a34ebbec65462aac28171f74787bf6811618cdf1042fb0' },
      { name: 'river.jpg', sha256: '446dbad0e4b0154b8de350df31c56eeff8083a2dcb9d9621b88cd4036ac1f433' },
    ],
  })
  expect(record?.settings(base)).toMatchObject({ recipe: 'fine', size: 48, strength: 0.3, strokes: 0, colors: 'match', faces: true })
})

test('the record of a painting of a studio', async () => {
  const record = await readRecord(await load(studio))
  expect(record).toMatchObject({ width: 40, height: 27, options: { seed: 9, strength: 0.8, style_weights: [3, 1], recipe: { size: 40, colors: 'content' } } })
  expect(record?.inputs.map((i) => i.name)).toEqual(['content-0', 'style-0', 'style-1'])
})

const latin = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))
const json = '{"recipe":{"name":"fine","size":256,"iterations":9,"style_scale":2},"inputs":[7],"seed":"x"}'

// png returns a picture without pixels that has a chunk, whose checksum nobody looks at.
function png(kind: string, ...body: (string | Uint8Array<ArrayBuffer>)[]): Blob {
  const chunk = (name: string, data: Uint8Array) => {
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, data.length)
    return [...length, ...latin(name), ...data, 0, 0, 0, 0]
  }
  const all = body.flatMap((part) => [...(typeof part === 'string' ? latin(part) : part)])
  const header = [0, 0, 1, 0, 0, 0, 0, 128, 8, 2, 0, 0, 0]
  return new Blob([new Uint8Array([...latin('\x89PNG\r\n\x1a\n'), ...chunk('IHDR', new Uint8Array(header)), ...chunk(kind, new Uint8Array(all)), ...chunk('IDAT', new Uint8Array())])])
}

async function deflated(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('deflate'))).arrayBuffer())
}

test('all kinds of text are read', async () => {
  for (const file of [
    png('tEXt', 'pastiche\0', json),
    png('zTXt', 'pastiche\0\0', await deflated(json)),
    png('iTXt', 'pastiche\0\0\0en\0pastiche\0', json),
    png('iTXt', 'pastiche\0\x01\0\0\0', await deflated(json)),
  ]) {
    expect(await readRecord(file)).toMatchObject({ width: 256, height: 128, options: { seed: 0, recipe: { size: 256 } }, inputs: [] })
  }
})

test.each<[string, () => Blob | Promise<Blob>]>([
  ['no picture', () => new Blob(['hello'])],
  ['another text', () => png('tEXt', 'Author\0', json)],
  ['no JSON', () => png('tEXt', 'pastiche\0', 'hello')],
  ['null', () => png('tEXt', 'pastiche\0', 'null')],
  ['no recipe', () => png('tEXt', 'pastiche\0', '{"recipe":{"name":7}}')],
  ['a recipe without a size', () => png('tEXt', 'pastiche\0', '{"recipe":{"name":"fine"}}')],
  ['a text that is damaged', () => png('zTXt', 'pastiche\0\0', 'no zlib')],
  ['a text that is too long', async () => png('zTXt', 'pastiche\0\0', await deflated(json + ' '.repeat(1e6)))],
  ['half a file', () => png('tEXt', 'pastiche\0', json).slice(0, 50)],
])('%s has no record', async (_, file) => {
  expect(await readRecord(await file())).toBeUndefined()
})
