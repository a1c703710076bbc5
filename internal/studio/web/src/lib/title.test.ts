import { expect, test } from 'vitest'
import { fileName, isFavourite, titleOf } from './title'

test.each([
  [{}, 'Painting'],
  [{ photo: 'castle.jpg', style: 'The Starry Night' }, 'Castle, after The Starry Night'],
  [{ photo: 'castle.jpg' }, 'Castle'],
  [{ photo: 'waves.MP4' }, 'Waves'],
  [{ style: 'wheat.v2.PNG' }, 'After Wheat.v2'],
  [{ photo: 'a', style: 'b', title: 'For Anna' }, 'For Anna'],
])('labels %j are the title %s', (labels, title) => {
  expect(titleOf({ labels })).toBe(title)
})

const result = { width: 683, height: 1024 } as never

test.each([
  [{ photo: 'castle.jpg', style: 'The Starry Night' }, 'png', '', 'castle-after-the-starry-night-1024.png'],
  [{ title: '  Crème brûlée / "für Øle"  ' }, 'jpg', '', 'creme-brulee-fur-øle-1024.jpg'],
  [{ title: '../../etc' }, 'png', '', 'etc-1024.png'],
  [{ title: '日本' }, 'webp', 'mixed', '日本-mixed-1024.webp'],
  [{ title: '???' }, 'png', '', 'painting-1024.png'],
])('a file of %j', (labels, suffix, what, name) => {
  expect(fileName({ labels, result }, suffix, what)).toBe(name)
})

test('a file of what is not finished has no size in its name', () => {
  expect(fileName({ labels: { title: 'Sea' } }, 'jpg')).toBe('sea.jpg')
})

test('a star is a label', () => {
  expect(isFavourite({ labels: { favourite: 'yes' } })).toBe(true)
  expect(isFavourite({})).toBe(false)
})
