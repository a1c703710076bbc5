import { expect, test } from 'vitest'
import { keep, Masks } from './masks.svelte'

const photo = { width: 200, height: 100 }
const hard = { size: 20, feather: 0, erase: false }

function stroked(masks: Masks, name: string, at: [number, number], tip = hard): void {
  masks.begin()
  masks.stroke(name, at, at, tip)
  masks.end()
}

test('a stroke covers its place, and takes that from other layers', () => {
  const masks = new Masks(photo)
  stroked(masks, keep, [50, 50])
  stroked(masks, 'a', [60, 50])
  expect(masks.at(keep, [45, 50])).toBe(255)
  expect(masks.at(keep, [58, 50])).toBe(0)
  expect(masks.at('a', [58, 50])).toBe(255)
  expect(masks.cover('a')?.middle.map(Math.round)).toEqual([60, 50])
})

test('a soft edge falls off, and layers cover no more than the whole', () => {
  const masks = new Masks(photo)
  stroked(masks, keep, [50, 50], { ...hard, size: 40, feather: 1 })
  const edge = masks.at(keep, [60, 50])
  expect(edge).toBeGreaterThan(40)
  expect(edge).toBeLessThan(215)
  stroked(masks, 'a', [70, 50], { ...hard, size: 40, feather: 1 })
  for (let x = 30; x < 90; x++) expect(masks.at(keep, [x, 50]) + masks.at('a', [x, 50])).toBeLessThanOrEqual(255)
})

test('what is undone can be redone, until something else is painted', () => {
  const masks = new Masks(photo)
  stroked(masks, keep, [50, 50])
  stroked(masks, 'a', [55, 50])
  expect(masks.undo()).toBe(true)
  expect(masks.painted('a')).toBe(false)
  expect(masks.at(keep, [58, 50])).toBe(255)
  expect(masks.redo()).toBe(true)
  expect(masks.at(keep, [58, 50])).toBe(0)
  masks.undo()
  stroked(masks, 'b', [150, 50])
  expect(masks.redoable).toBe(false)
  masks.undo()
  masks.undo()
  expect(masks.undo()).toBe(false)
  expect(masks.painted(keep)).toBe(false)
})

test('a layer whose strokes are all erased is not painted', () => {
  const masks = new Masks(photo)
  stroked(masks, keep, [50, 50])
  stroked(masks, keep, [50, 50], { ...hard, size: 60, erase: true })
  expect(masks.painted(keep)).toBe(false)
})

test('many strokes are undone within a bounded memory', () => {
  const masks = new Masks({ width: 1024, height: 1024 })
  for (let i = 0; i < 20; i++) masks.invert(keep)
  let undone = 0
  while (masks.undo()) undone++
  expect(undone).toBeGreaterThan(8)
  expect(undone).toBeLessThan(20)
})

test('parts are filled, inverted and cleared', () => {
  const masks = new Masks(photo)
  masks.fill(keep, { left: 0, top: 0, right: 1, bottom: 0.5 }, false)
  expect(masks.cover(keep)?.share).toBe(0.5)
  masks.invert(keep)
  expect(masks.at(keep, [10, 10])).toBe(0)
  expect(masks.at(keep, [10, 90])).toBe(255)
  expect(masks.full([keep])).toBe(false)
  masks.fill('a', { left: 0, top: 0, right: 1, bottom: 0.5 }, false)
  expect(masks.full([keep, 'a'])).toBe(true)
  masks.clear(keep)
  expect(masks.painted(keep)).toBe(false)
})

test('a change that is cancelled leaves the layers as they were', () => {
  const masks = new Masks(photo)
  masks.begin()
  masks.stroke(keep, [50, 50], [60, 60], hard)
  masks.cancel()
  expect(masks.painted(keep)).toBe(false)
  expect(masks.undoable).toBe(false)
})
