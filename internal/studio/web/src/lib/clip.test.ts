import { afterEach, expect, test } from 'vitest'
import { isVideo, lengthOf, rateOf, unread } from './clip'
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
