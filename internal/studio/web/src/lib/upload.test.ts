import { expect, test } from 'vitest'
import { hasTransparency, reusable, type Sent, sentSize, usableSide } from './upload'

const jpeg = { width: 6000, height: 4000, type: 'image/jpeg' }

test('a picture is sent with as many pixels as the painting can use', () => {
  expect(usableSide(256)).toBe(1024)
  expect(usableSide(1024)).toBe(2048)
  expect(sentSize(jpeg, 1024, 24e6)).toEqual({ width: 1024, height: 682 })
  expect(sentSize({ ...jpeg, width: 40, height: 6000 }, 1024, 24e6)).toEqual({ width: 6, height: 1024 })
})

test('a small picture is sent as it is, where the server reads its file', () => {
  expect(sentSize({ width: 800, height: 600, type: 'image/png' }, 1024, 24e6)).toBeUndefined()
  expect(sentSize({ width: 800, height: 600, type: 'image/x-icon' }, 1024, 24e6)).toEqual({ width: 800, height: 600 })
})

test('a picture is sent with no more pixels than the server takes', () => {
  const size = sentSize(jpeg, Infinity, 6e6)
  expect((size?.width ?? 0) * (size?.height ?? 0)).toBeLessThanOrEqual(6e6)
  expect(size?.width).toBe(3000)
})

test('a file is used again where it has enough pixels and does not expire soon', () => {
  const now = Date.parse('2026-11-30T12:00:00Z')
  const file = (side: number, more: Partial<Sent> = {}): Sent => ({ side, whole: false, id: String(side), sha256: '', at: now, expires: '2026-12-01T12:00:00Z', ...more })
  expect(reusable([file(512), file(2048), file(1024)], 1024, now)?.id).toBe('1024')
  expect(reusable([file(512)], 1024, now)).toBeUndefined()
  expect(reusable([file(512, { whole: true })], 1024, now)?.id).toBe('512')
  expect(reusable([file(1024, { expires: '2026-11-30T12:30:00Z' })], 1024, now)).toBeUndefined()
})

test('one transparent pixel is found', () => {
  expect(hasTransparency(new Uint8ClampedArray([1, 2, 3, 255, 1, 2, 3, 255]))).toBe(false)
  expect(hasTransparency(new Uint8ClampedArray([1, 2, 3, 255, 1, 2, 3, 254]))).toBe(true)
})
