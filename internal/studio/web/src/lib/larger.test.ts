import { expect, test } from 'vitest'
import type { Input, Job } from './api'
import { larger, largerSizes, onwards, repeated } from './larger'

const input = (role: Input['role'], number = 0) => ({ role, number, width: 640, height: 427 }) as Input

const painting = {
  id: 'a',
  state: 'done',
  labels: { title: 'Castle', photo: 'castle', favourite: 'yes', batch: 'b7' },
  inputs: [input('style', 1), input('content'), input('style'), input('mask'), input('mask', 1), input('style_mask'), input('keep')],
  options: {
    recipe: { name: 'fine', size: 512, iterations: 40, first_iterations: 80, first_size: 200, scale_step: 1.41, style_scale: 1, content_weight: 0.03, first_content_weight: 0.1, init: 'content' },
    strength: 0.7,
    seed: 5,
    style_weights: [3, 1],
  },
  result: { width: 512, height: 342 },
} as unknown as Job

test('sizes double up to what the server paints', () => {
  expect(largerSizes(painting, 2048)).toEqual([1024, 2048])
  expect(largerSizes(painting, 16384)).toEqual([1024, 2048, 4096])
  expect(largerSizes(painting, 1000)).toEqual([])
  expect(largerSizes({ ...painting, inputs: [input('style')] }, 2048)).toEqual([]) // a texture
})

test('a larger painting begins with the painting and keeps everything else', () => {
  expect(larger(painting, 2048)).toEqual({
    content: { job: { id: 'a', role: 'content' } },
    styles: [{ job: { id: 'a', role: 'style' } }, { job: { id: 'a', role: 'style', number: 1 } }],
    masks: [{ job: { id: 'a', role: 'mask' } }, { job: { id: 'a', role: 'mask', number: 1 } }],
    style_masks: [{ job: { id: 'a', role: 'style_mask' } }],
    keep: { job: { id: 'a', role: 'keep' } },
    init: { job: { id: 'a', role: 'result' } },
    labels: { title: 'Castle', photo: 'castle' },
    options: {
      recipe: { name: 'fine', size: 2048, iterations: 20, first_iterations: 20, first_size: 1024, scale_step: 2, style_scale: 1, content_weight: 0.03, first_content_weight: 0.03, init: 'picture' },
      strength: 0.7,
      seed: 5,
      style_weights: [3, 1],
    },
  })
})

test('a recipe whose scales are listed continues by sizes, too', () => {
  const listed = { ...painting, options: { ...painting.options, recipe: { ...painting.options.recipe, scales: [{ size: 512, iterations: 9 }] } } } as Job
  expect(larger(listed, 1024).options?.recipe).not.toHaveProperty('scales')
})

test('a stopped painting goes on at the size that it had reached', () => {
  const { options, init } = onwards(painting, 362, { file: 'f' })
  expect(init).toEqual({ file: 'f' })
  expect(options?.recipe).toMatchObject({ size: 512, first_size: 362, init: 'picture' })
})

test('a painting is repeated as it was', () => {
  const again = repeated({ ...painting, inputs: [...painting.inputs, input('init')] })
  expect(again.options).toEqual(painting.options)
  expect(again.init).toEqual({ job: { id: 'a', role: 'init' } })
  expect(repeated(painting)).not.toHaveProperty('init')
})

test('a video is repeated whole, and not made larger', () => {
  const video = { ...painting, video: { frames: 80 } } as unknown as Job
  expect(repeated(video)).toMatchObject({ video: { job: { id: 'a', role: 'video' } } })
  expect(repeated(video)).not.toHaveProperty('content')
  expect(largerSizes(video, 2048)).toEqual([])
})
