import { expect, test } from 'vitest'
import { boxesOf, sideAt, firstSide } from './drop'

const easel = { left: 32, top: 80, right: 992, bottom: 640 }
const styles = { left: 1020, top: 80, right: 1404, bottom: 400 }
const boxes = boxesOf(easel, styles, 1440, 900, false)

test('the box that one sees is the box that one hits', () => {
  expect(boxes).toEqual({ photo: easel, style: styles })
  expect(sideAt(900, 300, boxes, false)).toBe('photo')
  expect(sideAt(1300, 300, boxes, false)).toBe('style')
})

test('outside the boxes, the first picture is the photo, and then the nearer box counts', () => {
  expect(sideAt(1300, 800, boxes, false)).toBe('photo')
  const columns = boxesOf(easel, styles, 1440, 900, true)
  expect(sideAt(1300, 800, columns, true)).toBe('style')
  expect(sideAt(900, 800, columns, true)).toBe('photo')
  expect(sideAt(1430, 800, columns, true)).toBe('style')
})

test('a box that is out of sight has an end of the window', () => {
  const below = boxesOf(easel, { left: 32, top: 950, right: 700, bottom: 1300 }, 1000, 900, true)
  expect(sideAt(500, 880, below, true)).toBe('style')
  expect(sideAt(500, 300, below, true)).toBe('photo')
  const above = boxesOf({ left: 32, top: -700, right: 700, bottom: -100 }, { left: 32, top: 0, right: 700, bottom: 400 }, 1000, 900, true)
  expect(sideAt(500, 100, above, true)).toBe('photo')
  expect(sideAt(500, 380, above, true)).toBe('style')
})

test('while a painting is looked at, the window has two halves', () => {
  const halves = boxesOf(undefined, undefined, 1000, 900, true)
  expect(sideAt(100, 100, halves, true)).toBe('photo')
  expect(sideAt(900, 100, halves, true)).toBe('style')
})

test('files that are dropped on the styles leave the photo', () => {
  expect(firstSide('style', true)).toBe('style')
  expect(firstSide('photo', true)).toBe('photo')
  expect(firstSide(undefined, false)).toBe('photo')
  expect(firstSide(undefined, true)).toBe('style')
})
