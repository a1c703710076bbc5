import { expect, test } from 'vitest'
import { middle } from './crop'
import { obstacleOf, sizesFor } from './estimate.svelte'

const photo = { width: 1500, height: 1000 }

test('a size of one’s own stands among the others', () => {
  expect(sizesFor(512)).toEqual([256, 512, 768, 1024, 2048])
  expect(sizesFor(1533)).toEqual([256, 512, 768, 1024, 1533, 2048])
})

test('an obstacle comes with what would help', () => {
  expect(obstacleOf(undefined, photo, 'Fine')).toBeUndefined()
  expect(obstacleOf({ size: 512, seconds: 3 }, photo, 'Fine')).toBeUndefined()
  expect(obstacleOf({ size: 2048, problem: 'needs 3381 MiB', most: 1533 }, photo, 'Collage')).toEqual({
    text: '2048 pixels are too large for this server with Collage.',
    fix: 'size',
    size: 1533,
  })
  expect(obstacleOf({ size: 512, problem: 'conv5_1' }, { width: 4000, height: 300 }, 'Fine')).toEqual({
    text: 'This photo is too narrow (13:1) to be painted.',
    fix: 'crop',
  })
  expect(obstacleOf({ size: 512, problem: 'the content is too small' }, photo, 'Fine')).toEqual({
    text: 'This photo cannot be painted. The content is too small.',
    fix: 'photo',
  })
  const video = { width: 400, height: 30, frames: 2, rate: 25, seconds: 0.08, shots: [0], painted: 0 }
  expect(obstacleOf({ size: 512, problem: 'conv5_1' }, { width: 400, height: 30, video }, 'Fine')).toEqual({
    text: 'This video cannot be painted. Conv5_1.', // a video is not cropped
    fix: 'photo',
  })
})

test('the middle of a narrow photo is as long as the ratio allows', () => {
  expect(middle(4000, 300, 5)).toEqual({ x: 1250, y: 0, width: 1500, height: 300 })
  expect(middle(300, 4001, 5)).toEqual({ x: 0, y: 1250, width: 300, height: 1500 })
  expect(middle(1500, 1000, 5)).toEqual({ x: 0, y: 0, width: 1500, height: 1000 })
})
