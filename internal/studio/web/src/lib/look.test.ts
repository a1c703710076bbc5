import { expect, test } from 'vitest'
import { firstFrame } from './look.svelte'

test('the first frame of a video', () => {
  expect(firstFrame({ file: 'f' })).toEqual({ file: 'f' })
  expect(firstFrame({ job: { id: 'a', role: 'video' } })).toEqual({ job: { id: 'a', role: 'content' } })
})
