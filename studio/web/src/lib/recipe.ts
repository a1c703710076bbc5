// From what a person sets to what the server takes.
import type { Colors, Job, Options, Recipe } from './api'

export interface Settings {
  recipe: string
  size: number
  // From 0, subtle, to 1, bold.
  strength: number
  // From -1, fine strokes, to 1, broad ones.
  strokes: number
  colors: Colors
  // Whether faces in the photo stay recognisable.
  faces: boolean
  effort: number
}

export const sizes = [
  { size: 256, name: 'Sketch' },
  { size: 512, name: 'Small' },
  { size: 768, name: 'Medium' },
  { size: 1024, name: 'Large' },
  { size: 2048, name: 'Print' },
]

export const efforts = [
  { effort: 0.5, name: 'Quick' },
  { effort: 1, name: 'Normal' },
  { effort: 2, name: 'Thorough' },
]

export const balanced = 0.5

// strengthOf returns the name next to a strength, and what one sees there.
export function strengthOf(strength: number): { name: string; sees: string } {
  if (strength < 0.25) return { name: 'Subtle', sees: 'the photo, in the painting’s strokes.' }
  if (strength < 0.75) return { name: 'Balanced', sees: 'the painting’s forms, with the photo’s subject plain.' }
  return { name: 'Bold', sees: 'the painting first; the photo is its motif.' }
}

// Taken are the options of an earlier job, and the settings that stand for them.
export interface Taken {
  options: Job['options']
  settings: Settings
}

// optionsOf returns what is sent for settings, with the shares of several styles.
// base is the recipe of that name. Of a job that was taken, everything remains that
// the settings do not change, also parameters that the page does not show.
export function optionsOf(s: Settings, base: Recipe, shares: number[], scales: number[], taken?: Taken): Options {
  const same = taken?.settings.recipe === s.recipe ? taken : undefined
  const changed = (setting: keyof Settings) => same?.settings[setting] !== s[setting]
  const r: Options['recipe'] = { ...same?.options.recipe, name: base.name }
  if (changed('size')) r.size = s.size
  if (changed('colors')) r.colors = s.colors
  if (changed('faces')) r.faces = s.faces ? 'keep' : 'ignore'
  if (changed('strokes')) {
    r.style_scale = base.style_scale * 2 ** s.strokes
    if (base.first_style_scale) r.first_style_scale = base.first_style_scale * 2 ** s.strokes
  }
  if (changed('effort')) {
    const steps = (n: number) => Math.max(1, Math.round(n * s.effort))
    r.iterations = steps(base.iterations)
    if (base.first_iterations) r.first_iterations = steps(base.first_iterations)
    if (base.final_iterations) r.final_iterations = steps(base.final_iterations)
  }
  return {
    recipe: r,
    seed: taken?.options.seed ?? 0,
    ...(changed('strength') ? { strength: s.strength } : same?.options.strength === undefined ? {} : { strength: same.options.strength }),
    ...(shares.length > 1 ? { style_weights: shares } : {}),
    ...(scales.some((x) => x !== 1) ? { style_scales: scales } : {}),
  }
}

// settingsOf returns the settings that a job was painted with.
export function settingsOf(options: Job['options'], base: Recipe): Settings {
  const of = options.recipe
  const near = (x: number, least: number, most: number) => Math.min(most, Math.max(least, Math.round(x * 4) / 4))
  return {
    recipe: of.name,
    size: of.size,
    strength: options.strength ?? balanced,
    strokes: near(Math.log2(of.style_scale / base.style_scale), -1, 1),
    colors: of.colors || 'style',
    faces: of.faces === 'keep',
    effort: of.iterations / base.iterations,
  }
}

// workload is about how many pixels the iterations of a recipe compute.
function workload(r: Recipe): number {
  const least = 128 * 128
  const step = r.scale_step ?? 0
  const scales = [r.size]
  if (r.first_size && step > 1) {
    for (let size = r.size / step; size >= r.first_size * 0.999; size /= step) scales.unshift(size)
  }
  let sum = 0
  scales.forEach((size, i) => {
    const iterations = i === 0 && scales.length > 1 ? (r.first_iterations ?? r.iterations) : r.iterations
    sum += (least + size * size) * iterations
  })
  return sum + (least + r.size * r.size) * (r.final_iterations ?? 0)
}

// estimate returns how many seconds a painting takes, judged by the largest that is
// finished, or undefined.
export function estimate(options: Options, base: Recipe, jobs: Job[]): number | undefined {
  const like = jobs
    .filter((j) => j.state === 'done' && !j.options.shape && j.options.recipe.name === base.name && j.started && j.finished)
    .sort((a, b) => workload(b.options.recipe) - workload(a.options.recipe))[0]
  if (!like?.started || !like.finished) return undefined
  const took = (Date.parse(like.finished) - Date.parse(like.started)) / 1000
  return (took * workload({ ...base, ...options.recipe })) / workload(like.options.recipe)
}

export function duration(seconds: number): string {
  if (seconds < 5) return 'a few seconds'
  if (seconds < 90) return `about ${Math.ceil(seconds / 5) * 5} seconds`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `about ${minutes} minutes` : `about ${Math.round(minutes / 60)} hours`
}

const ordinals = ['Next', 'Second', 'Third', 'Fourth', 'Fifth', 'Sixth', 'Seventh', 'Eighth', 'Ninth', 'Tenth']

// place returns where in the queue a job is, from 1.
export function place(position: number): string {
  const ordinal = ordinals[position - 1]
  return ordinal ? `${ordinal} in the queue.` : `Number ${position} in the queue.`
}
