// A larger painting of a finished one. It begins with the painting itself, so that it
// keeps the composition and only adds detail.
import * as api from './api'
import type { Job, Options, Role, Source, Submission } from './api'
import { label } from './title'

// Each size is so many times the one before.
const step = 2
// most is how many sizes are offered.
const most = 3
// The share of a recipe's steps that each size is painted with. With half of them, a
// painting of 512 and one of 1024 pixels took 29 and 28 % of the time that they take
// from the beginning. All steps took twice as long and looked the same at 512 pixels.
const steps = 0.5

// largerSizes returns the sizes to which a painting can be made larger, given the
// largest that the server paints.
export function largerSizes(j: Job, limit: number): number[] {
  if (!j.result || j.video || !api.input(j, 'content')) return []
  const sizes: number[] = []
  for (let size = sizeOf(j) * step; size <= limit && sizes.length < most; size *= step) sizes.push(size)
  return sizes
}

const sizeOf = (j: Job) => (j.result ? Math.max(j.result.width, j.result.height) : j.options.recipe.size)

// continued returns options that paint on from a picture whose long side is size.
function continued(o: Job['options'], from: number, size: number): Options {
  const { scales: _, ...r } = o.recipe
  const half = (n: number) => Math.max(1, Math.round(n * steps))
  const iterations = half(r.iterations)
  return {
    ...o,
    recipe: {
      ...r,
      init: 'picture',
      size,
      first_size: from,
      scale_step: step,
      iterations,
      first_iterations: iterations,
      ...(r.final_iterations ? { final_iterations: half(r.final_iterations) } : {}),
      // Forms are settled already: the last scale's weights hold for all.
      ...(r.first_content_weight && r.content_weight ? { first_content_weight: r.content_weight } : {}),
      ...(r.first_style_scale ? { first_style_scale: r.style_scale } : {}),
    },
  }
}

// largerOptions returns the options of a larger painting.
export const largerOptions = (j: Job, size: number) => continued(j.options, sizeOf(j) * step, size)

// larger returns the submission of a larger painting.
export function larger(j: Job, size: number): Submission {
  return { ...sameOf(j), options: largerOptions(j, size), init: source(j, 'result') }
}

// onwards returns the submission of a painting that goes on from a picture of a
// stopped one, at the size that it had reached.
export function onwards(j: Job, reached: number, picture: Source): Submission {
  return { ...sameOf(j), options: continued(j.options, reached, j.options.recipe.size), init: picture }
}

// repeated returns the submission of the same painting.
export function repeated(j: Job): Submission {
  const init = api.input(j, 'init')
  return { ...sameOf(j), options: j.options, ...(init ? { init: source(j, 'init') } : {}) }
}

// sameOf returns the pictures and the names of a painting.
function sameOf(j: Job): Submission {
  const all = (role: Role) => api.inputs(j, role).map((i) => source(j, role, i.number))
  const [content] = all('content')
  const [keep] = all('keep')
  const masks = all('mask')
  const parts = all('style_mask')
  const names = [label.title, label.photo, label.style]
  return {
    ...(j.video ? { video: source(j, 'video') } : content ? { content } : {}),
    styles: all('style'),
    ...(masks.length > 0 ? { masks } : {}),
    ...(parts.length > 0 ? { style_masks: parts } : {}),
    ...(keep ? { keep } : {}),
    labels: Object.fromEntries(Object.entries(j.labels ?? {}).filter(([name]) => (names as string[]).includes(name))),
  }
}

function source(j: Job, role: Role | 'result' | 'video', number = 0): Source {
  return { job: { id: j.id, role, ...(number > 0 ? { number } : {}) } }
}
