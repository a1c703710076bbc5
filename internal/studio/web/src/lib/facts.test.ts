import { expect, test } from 'vitest'
import type { Job, RecipeInfo } from './api'
import { differences, factsOf } from './facts'

const recipe = { name: 'fine', size: 512, iterations: 40, style_scale: 1, colors: 'match', faces: 'keep', init: 'content' }
const recipes = [{ name: 'fine', title: 'Fine', recipe }] as unknown as RecipeInfo[]

function painting(of: { recipe?: object; options?: object; inputs?: object[]; labels?: object; result?: object }): Job {
  const inputs = of.inputs ?? [{ role: 'content', number: 0, sha256: 'c' }, { role: 'style', number: 0, sha256: 's' }]
  return {
    id: 'a', state: 'done', network: 'builtin', labels: of.labels ?? {}, inputs,
    options: { recipe: { ...recipe, ...of.recipe }, ...of.options },
    result: { width: 512, height: 342, ...of.result },
  } as unknown as Job
}

const words = (j: Job) => factsOf(j, recipes).map((f) => `${f.term}: ${f.value}`)

test('a painting by the defaults', () => {
  expect(words(painting({}))).toEqual([
    'Method: Fine', 'Size: 512 × 342 pixels', 'Strength: Balanced, 50 %', 'Brush size: As in the style', 'Quality: Normal',
    'Colours: The style’s exact palette', 'Faces: None found', 'Begins with: the photo', 'Seed: 0',
  ])
})

test('a painting whose settings were changed', () => {
  const inputs = [{ role: 'style', number: 0 }, { role: 'style', number: 1 }, { role: 'keep', number: 0 }]
  const j = painting({
    recipe: { iterations: 28, style_scale: 2, colors: 'content', init: 'noise' },
    options: { strength: 0.8, seed: 7, style_weights: [3, 1] },
    result: { faces: 2 },
    inputs,
  })
  expect(words(j)).toEqual([
    'Method: Fine', 'Size: 512 × 342 pixels', 'Strength: Bold, 80 %', 'Brush size: Broader, 200 %', 'Quality: 70 % of the steps',
    'Colours: The photo’s', 'Faces: 2 kept recognisable', 'Begins with: noise', 'Seed: 7', 'Styles: 75 / 25 %', 'Protected: A part stays photo',
  ])
})

test('a video has a length', () => {
  const video = { seconds: 3.2, frames: 80, rate: 25, shots: [0, 40], sound: true }
  const said = words({ ...painting({}), video } as unknown as Job)
  expect(said).toEqual(expect.arrayContaining(['Length: 3.2 seconds, 80 frames', 'Frames a second: 25', 'Shots: 2', 'Sound: Kept in MP4', 'Begins with: the frames']))
})

test('a larger painting has no quality of its own', () => {
  expect(words(painting({ recipe: { init: 'picture', iterations: 20 } }))).not.toContainEqual(expect.stringContaining('Quality'))
})

test('a recipe that the server has no longer is named', () => {
  expect(words(painting({ recipe: { name: 'house' } }))[0]).toBe('Method: house')
})

test('two paintings differ in what is said of them', () => {
  const a = painting({ labels: { photo: 'Castle', style: 'River' } })
  const b = painting({
    options: { strength: 1 },
    result: { width: 1024, height: 683 },
    labels: { photo: 'Castle', style: 'Poppies' },
    inputs: [{ role: 'content', number: 0, sha256: 'c' }, { role: 'style', number: 0, sha256: 'other' }],
  })
  expect(differences(a, b, recipes)).toEqual([
    { term: 'Style', values: ['River', 'Poppies'] },
    { term: 'Size', values: ['512 × 342 pixels', '1024 × 683 pixels'] },
    { term: 'Strength', values: ['Balanced, 50 %', 'Bold, 100 %'] },
  ])
  expect(differences(a, a, recipes)).toEqual([])
})
