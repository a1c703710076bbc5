import { expect, test } from 'vitest'
import type { Job, RecipeInfo } from './api'
import { callOf, commandOf, fetches } from './code'

const recipe = { name: 'fine', size: 512, iterations: 40, style_scale: 1, content_weight: 0.03, colors: 'match', init: 'content', style_layers: [{ name: 'conv1_1', weight: 1 }] }
const recipes = [{ name: 'fine', title: 'Fine', recipe }] as unknown as RecipeInfo[]

const painting = {
  id: 'a', network: 'builtin',
  inputs: ['content', 'style', 'style', 'keep'].map((role, n) => ({ role, number: n === 2 ? 1 : 0, url: `/jobs/a/${role}/${n === 2 ? 1 : 0}` })),
  options: { recipe: { ...recipe, size: 1024, colors: 'content', content_weight: 0.01 }, strength: 0.8, seed: 7, style_weights: [3, 1] },
} as unknown as Job

test('the command that paints the same', () => {
  expect(commandOf(painting, recipes).replaceAll(' \\\n  ', ' ')).toBe(
    'pastiche paint photo.png style-1.png style-2.png -o painting.png --recipe fine --strength 0.8 --size 1024 --colors content --seed 7 --style-blend 3,1 --keep keep.png',
  )
})

test('the command and the call that paint the same video', () => {
  const j = { ...painting, video: { frames: 80 }, options: { recipe, video: { temporal: 10, loop: true } } } as unknown as Job
  expect(commandOf(j, recipes).replaceAll(' \\\n  ', ' ')).toBe(
    'pastiche video video.mp4 style-1.png style-2.png -o painting.mp4 --recipe fine --size 512 --temporal 10 --loop --keep keep.png',
  )
  expect(callOf(j, recipes, 'http://h', false)).toContain('-F video=@video.mp4')
  expect(fetches(j, 'http://h', false)).not.toContain('content')
})

test('parameters without a flag are set by their names', () => {
  const j = { ...painting, options: { recipe: { ...recipe, rotations: 4, init: 'noise', style_layers: [{ name: 'conv2_1', weight: 0.5 }] } } } as unknown as Job
  const command = commandOf(j, recipes)
  expect(command).toContain('--set init=noise')
  expect(command).toContain('--set rotations=4')
  expect(command).toContain(`--set 'style_layers=[{"name":"conv2_1","weight":0.5}]'`)
})

test('first iterations that do not keep their ratio are set', () => {
  const base = [{ name: 'fine', title: 'Fine', recipe: { ...recipe, first_iterations: 80 } }] as unknown as RecipeInfo[]
  const command = (first: number) => commandOf({ ...painting, options: { recipe: { ...recipe, iterations: 20, first_iterations: first } } } as unknown as Job, base)
  expect(command(40)).toContain('--iterations 20')
  expect(command(40)).not.toContain('first_iterations')
  expect(command(80)).toContain('--set first_iterations=80')
})

test('a weight that no strength sets is in the command', () => {
  const j = { ...painting, options: { recipe: { ...recipe, content_weight: 0.01 } } } as Job
  expect(commandOf(j, recipes)).toContain('--content-weight 0.01')
})

test('the call of the API that paints the same', () => {
  const call = callOf(painting, recipes, 'http://127.0.0.1:8080', false)
  expect(call).toMatch(/^token=/)
  expect(call).toContain('-F style=@style-1.png \\\n  -F style=@style-2.png')
  expect(call).toContain(`'options={"recipe":{"name":"fine","size":1024,"colors":"content"},"strength":0.8,"seed":7,"style_weights":[3,1]}'`)
  expect(callOf(painting, recipes, 'https://x', true)).toMatch(/^curl -sf https:\/\/x\/api\/v1\/jobs \\\n  -H "Authorization: Bearer \$KEY"/)
})

test('names with quotes are quoted', () => {
  const j = { ...painting, options: { recipe: { ...recipe, name: "it's" } } } as unknown as Job
  expect(commandOf(j, recipes)).toContain(`--recipe 'it'\\''s'`)
})

test('the pictures are fetched', () => {
  expect(fetches(painting, 'http://h', false).split('\n')[2]).toBe('curl -sf -o style-2.png http://h/jobs/a/style/1')
})
