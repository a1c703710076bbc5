import { expect, test } from 'vitest'
import { isAnimated } from './animated'

const u32 = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]
const text = (s: string) => [...s].map((c) => c.charCodeAt(0))

// A GIF of 1 x 1 pixels with a table of 2 colours, whose frames have one block each.
function gif(frames: number): number[] {
  const frame = [0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]
  return [...text('GIF89a'), 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, ...Array.from({ length: frames }, () => frame).flat(), 0x3b]
}
const chunk = (kind: string, data: number[]) => [...u32(data.length), ...text(kind), ...data, 0, 0, 0, 0]
const png = (...chunks: number[][]) => [0x89, ...text('PNG\r\n\x1a\n'), ...chunk('IHDR', Array(13).fill(1)), ...chunks.flat()]
const webp = (flags: number) => [...text('RIFF'), 0, 0, 0, 0, ...text('WEBPVP8X'), 10, 0, 0, 0, flags, 0, 0, 0]

test.each([
  ['a GIF of one frame', gif(1), false],
  ['a GIF of two', gif(2), true],
  ['a GIF that ends in the middle', gif(2).slice(0, 30), false],
  ['a PNG', png(chunk('IDAT', [1]), chunk('acTL', [...u32(9), ...u32(0)])), false],
  ['an animated PNG', png(chunk('tEXt', [1, 2]), chunk('acTL', [...u32(2), ...u32(0)]), chunk('IDAT', [1])), true],
  ['an animated PNG of one frame', png(chunk('acTL', [...u32(1), ...u32(0)])), false],
  ['a WebP', webp(0x10), false],
  ['an animated WebP', webp(0x12), true],
  ['an empty file', [], false],
])('%s is animated: %s', async (_, data, is) => {
  expect(await isAnimated(new Blob([new Uint8Array(data)]))).toBe(is)
})
