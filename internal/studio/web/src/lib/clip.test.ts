import { afterEach, expect, test } from 'vitest'
import { isAnimated, isVideo, lengthOf, rateOf, unread } from './clip'
import { setLimits } from './upload'

const video = { seconds: 30, frames: 900, pixels: 2e6, total_pixels: 3e8, ffmpeg: false, formats: ['avi' as const] }
const takes = (ffmpeg?: boolean) => setLimits({ pixels: 1, bytes: Infinity, ...(ffmpeg === undefined ? {} : { video: { ...video, ffmpeg } }) })
afterEach(() => takes())

test.each([
  ['clip.mp4', 'video/mp4', true],
  ['Clip.MOV', '', true],
  ['clip.y4m', 'application/octet-stream', true],
  ['cat.gif', 'image/gif', false],
  ['photo.jpg', 'image/jpeg', false],
])('%s of type %s is a video: %s', (name, type, is) => {
  expect(isVideo({ name, type })).toBe(is)
})

test.each([
  [undefined, 'clip.mp4', 'video/mp4', /this server paints none/],
  [false, 'clip.mp4', 'video/mp4', /needs FFmpeg/],
  [true, 'clip.mp4', 'video/mp4', undefined],
  [false, 'clip.avi', 'video/x-msvideo', undefined],
  [false, 'clip.y4m', '', undefined],
])('with FFmpeg %s, %s', (ffmpeg, name, type, why) => {
  takes(ffmpeg)
  if (why) expect(unread({ name, type })).toMatch(why)
  else expect(unread({ name, type })).toBeUndefined()
})

test.each([
  [3.24, 81, '3.2 seconds, 81 frames'],
  [1, 25, '1 second, 25 frames'],
  [0.04, 1, '0.1 seconds, 1 frame'],
  [29.97, 899, '30 seconds, 899 frames'],
])('%d seconds of %d frames', (seconds, frames, words) => {
  expect(lengthOf({ seconds, frames })).toBe(words)
})

test('a rate has at most two decimals', () => {
  expect([25, 30000 / 1001].map((rate) => rateOf({ rate }))).toEqual(['25', '29.97'])
})

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
