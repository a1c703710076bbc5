import { expect, test } from 'vitest'
import { Player, timecode } from './player.svelte'

const all = () => true

// shown returns the frames that are shown at some times.
const shown = (p: Player, times: number[]) =>
  times.map((t) => {
    p.tick(t)
    return p.frame
  })

test('frames are shown at the rate of the video, and the first follows the last', () => {
  const p = new Player(4, 25, all)
  expect(shown(p, [0, 40])).toEqual([0, 0]) // before it plays
  p.play()
  expect(shown(p, [1000, 1039, 1040, 1080, 1120, 1160, 1201])).toEqual([0, 0, 1, 2, 3, 0, 1])
})

test('a rate that is no whole number does not drift', () => {
  const p = new Player(1000, 30000 / 1001, all)
  p.play()
  expect(shown(p, [0, 16_683, 16_684])).toEqual([0, 499, 500]) // 500 frames take 16.6833 seconds
})

test('a slow browser skips frames', () => {
  const p = new Player(10, 10, all)
  p.play()
  expect(shown(p, [0, 350, 720])).toEqual([0, 3, 7])
})

test('a video waits for a frame and then goes on from where it was', () => {
  const loaded = new Set([0, 1])
  const p = new Player(4, 10, (n) => loaded.has(n))
  p.play()
  expect(shown(p, [0, 100, 200])).toEqual([0, 1, 1])
  expect(p.waiting).toBe(true)
  expect(shown(p, [5000])).toEqual([1])
  loaded.add(2)
  expect(shown(p, [5050, 5100])).toEqual([1, 2])
  expect(p.waiting).toBe(false)
})

test('a frame can be gone to, and stepped to within the video', () => {
  const p = new Player(4, 10, all)
  p.play()
  expect(shown(p, [0])).toEqual([0])
  p.seek(2)
  expect(shown(p, [90, 189, 190])).toEqual([2, 2, 3]) // it plays on from there
  p.step(-1)
  expect(p.playing).toBe(false)
  expect(shown(p, [9000])).toEqual([2])
  p.step(9)
  expect(p.frame).toBe(3)
  p.seek(-1)
  expect(p.frame).toBe(0)
  p.toggle()
  expect(shown(p, [0, 100])).toEqual([0, 1])
  p.toggle()
  expect(shown(p, [500])).toEqual([1])
})

test.each([
  [0, '0:00.0'],
  [0.3, '0:00.3'],
  [3.25, '0:03.2'],
  [61.99, '1:01.9'],
])('%d seconds are %s', (seconds, code) => {
  expect(timecode(seconds)).toBe(code)
})
