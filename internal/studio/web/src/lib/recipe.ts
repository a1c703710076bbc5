// From what a person sets to what the server takes.
import type { Colors, Job, Options, Recipe, RecipeInfo } from './api'

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
  // Which noise to begin with, for recipes that begin with noise.
  seed: number
}

export const sizes = [
  { size: 256, name: 'Sketch' },
  { size: 512, name: 'Small' },
  { size: 768, name: 'Medium' },
  { size: 1024, name: 'Large' },
  { size: 2048, name: 'Print' },
]

// An effort multiplies the steps of a recipe, and with them the time.
export const efforts = [
  { effort: 0.5, name: 'Draft', takes: 'half the time' },
  { effort: 1, name: 'Normal', takes: '' },
  { effort: 2, name: 'Best', takes: 'twice the time' },
]

export const balanced = 0.5

// strengthOf returns the name of a strength, and what one sees there.
export function strengthOf(strength: number): { name: string; sees: string } {
  if (strength < 0.25) return { name: 'Subtle', sees: 'your photo, with the style’s brushwork.' }
  if (strength < 0.75) return { name: 'Balanced', sees: 'the style’s shapes; your photo stays clear.' }
  return { name: 'Bold', sees: 'the style comes first; your photo is its motif.' }
}

// What the colours of a painting are called: as a choice, in a summary, and as a
// variation.
export const colours: Record<Colors, { name: string; sees: string; summary: string; variation: string }> = {
  style: { name: 'Style’s', sees: 'The style’s colours, as they fall.', summary: 'the style’s colours', variation: 'Style’s colours' },
  match: { name: 'Exact palette', sees: 'Matches the style’s palette exactly.', summary: 'the style’s exact palette', variation: 'Exact palette' },
  content: { name: 'Photo’s', sees: 'Keeps your photo’s colours; only light and dark change.', summary: 'the photo’s colours', variation: 'Photo’s colours' },
}

// brushOf says how large the brush is, relative to the one of the style.
export function brushOf(strokes: number): string {
  if (strokes === 0) return 'brush size as in the style'
  return strokes < 0 ? 'finer brush' : 'broader brush'
}

// summaryOf says in one line what is set besides size and strength. title is that of
// the recipe, and noise says whether it begins with noise.
export function summaryOf(s: Settings, title: string, noise: boolean): string {
  const said = [title, colours[s.colors].summary, brushOf(s.strokes)]
  if (!s.faces) said.push('faces painted like the rest')
  const quality = efforts.find((e) => e.effort === s.effort)
  if (quality?.effort !== 1) said.push(quality ? `${quality.name.toLowerCase()} quality` : 'a quality of its own')
  if (noise && s.seed !== 0) said.push(`beginning ${s.seed}`)
  return said.join(', ')
}

// withRecipe returns settings for another recipe. Colours and faces that a person
// chose stay; those of the recipe before become those of the next one.
export function withRecipe(s: Settings, before: RecipeInfo | undefined, next: RecipeInfo): Settings {
  const [was, is] = [defaultsOf(before?.recipe), defaultsOf(next.recipe)]
  return {
    ...s,
    recipe: next.name,
    colors: before && s.colors !== was.colors ? s.colors : is.colors,
    faces: before && s.faces !== was.faces ? s.faces : is.faces,
  }
}

function defaultsOf(r: Recipe | undefined): Pick<Settings, 'colors' | 'faces'> {
  return { colors: r?.colors || 'style', faces: r?.faces === 'keep' }
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
  // A server adds recipes under names of its own.
  const r: NonNullable<Options['recipe']> = { ...same?.options.recipe, name: s.recipe as Recipe['name'] }
  if (changed('size')) r.size = s.size
  if (changed('colors')) r.colors = s.colors
  if (changed('faces')) r.faces = s.faces ? 'keep' : 'ignore'
  if (changed('strokes')) {
    r.style_scale = base.style_scale * 2 ** s.strokes
    if (base.first_style_scale) r.first_style_scale = base.first_style_scale * 2 ** s.strokes
  }
  if (changed('effort')) {
    r.iterations = steps(base.iterations, s.effort)
    if (base.first_iterations) r.first_iterations = steps(base.first_iterations, s.effort)
    if (base.final_iterations) r.final_iterations = steps(base.final_iterations, s.effort)
  }
  return {
    recipe: r,
    seed: s.seed,
    ...(changed('strength') ? { strength: s.strength } : same?.options.strength === undefined ? {} : { strength: same.options.strength }),
    ...(shares.length > 1 ? { style_weights: shares } : {}),
    ...(scales.some((x) => x !== 1) ? { style_scales: scales } : {}),
  }
}

// What the server paints a frame with that follows another one.
const frameIterations = 10

// videoOptionsOf returns what is sent for a video besides. Of a job that was taken,
// everything remains that the settings do not change.
export function videoOptionsOf({ effort }: Pick<Settings, 'effort'>, loop: boolean, taken?: Taken): NonNullable<Options['video']> {
  const { iterations, ...rest } = taken?.options.video ?? {}
  const same = taken?.settings.effort === effort ? iterations : undefined
  const wanted = same ?? (effort === 1 ? undefined : steps(frameIterations, effort))
  return { ...rest, ...(wanted ? { iterations: wanted } : {}), loop }
}

const steps = (iterations: number, effort: number) => Math.max(1, Math.round(iterations * effort))

// settingsOf returns the settings that a job was painted with.
export function settingsOf(options: Job['options'], base: Recipe): Settings {
  const of = options.recipe
  const near = (x: number, least: number, most: number) => Math.min(most, Math.max(least, Math.round(x * 4) / 4))
  const effort = efforts.find((e) => steps(base.iterations, e.effort) === of.iterations)
  return {
    recipe: of.name,
    size: of.size,
    strength: options.strength ?? balanced,
    strokes: near(Math.log2(of.style_scale / base.style_scale), -1, 1),
    ...defaultsOf(of),
    effort: effort?.effort ?? of.iterations / base.iterations,
    seed: options.seed ?? 0,
  }
}

// The long side of a quick look, in pixels.
export const lookSize = 160
// The first scale of a look is at least this long: deep layers see nothing in less.
const lookFirst = 64

// lookSteps returns how many steps a look has at each scale: about as many as take a few
// seconds. Style costs that compare places one by one take many times longer.
function lookSteps(r: Recipe): number {
  if (r.style_cost === 'nearest' || r.style_cost === 'emd') return 24
  return r.first_size ? 80 : 200
}

// lookOf returns the options of a quick look at a painting: fewer steps, and the same
// beginning relative to its size, so that it is composed alike.
export function lookOf(o: Options, base: Recipe): Options {
  const r: Recipe = { ...base, ...o.recipe }
  const { video: _, ...still } = o
  const size = Math.min(lookSize, r.size)
  const most = (n: number) => Math.min(n, lookSteps(r))
  return {
    ...still,
    recipe: {
      ...(o.recipe ?? { name: base.name }),
      size,
      iterations: most(r.iterations),
      ...(r.first_size ? { first_size: Math.max(lookFirst, Math.round((r.first_size * size) / r.size)) } : {}),
      ...(r.first_iterations ? { first_iterations: most(r.first_iterations) } : {}),
      ...(r.final_iterations ? { final_iterations: Math.ceil(most(r.final_iterations) / 2) } : {}),
    },
  }
}

export function duration(seconds: number): string {
  if (seconds < 5) return 'a few seconds'
  if (seconds < 90) return `about ${Math.ceil(seconds / 5) * 5} seconds`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `about ${minutes} minutes` : `about ${Math.round(minutes / 60)} hours`
}

// brief returns a time in few characters, to stand under a size.
export function brief(seconds: number): string {
  if (seconds < 55) return `${Math.max(5, Math.ceil(seconds / 5) * 5)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}

const ordinals = ['Next', 'Second', 'Third', 'Fourth', 'Fifth', 'Sixth', 'Seventh', 'Eighth', 'Ninth', 'Tenth']

// place returns where in the queue a job is, from 1.
export function place(position: number): string {
  const ordinal = ordinals[position - 1]
  return ordinal ? `${ordinal} in the queue.` : `Number ${position} in the queue.`
}
