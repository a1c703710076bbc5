// The painting that a person composes: its photo or video, its styles, and the settings.
import * as api from './api'
import type { Job, Options, RecipeInfo, Source, Submission, Watch } from './api'
import { isAnimated } from './animated'
import { isVideo, openClip } from './clip'
import type { Kept, OwnStyle } from './kept'
import { keep, type Lent, Masks } from './masks.svelte'
import { notices } from './notices.svelte'
import { openPhoto, type Photo, shortened } from './photo'
import { balanced, optionsOf, settingsOf, videoOptionsOf, withRecipe, type Settings, type Taken } from './recipe'
import type { PaintingRecord } from './record'
import { withPercent } from './shares'
import { labelOf, namesIn } from './labels'
import { label } from './title'
import { remember, sentOf, uploaded, usableSide, videoLimits } from './upload'

// A Style is a picture that can be chosen, whose manner is used.
export interface Style {
  id: string
  title: string
  by: string
  year?: string
  kind?: string
  url: string
  thumbnail: string
  // Of an example.
  width?: number
  height?: number
  chosen: boolean
  // The number of a chosen style, from 1, and with it its colour. It stays while the
  // style is chosen, whatever else is.
  slot: number
  share: number
  scale: number // relative to the recipe's
  own: boolean // whether a person brought it
  file?: Blob
  source?: Source // of a picture that the server has
  sum?: string // SHA-256 of that
  part?: Source // the mask of what counts of it
}

// State is all of a draft that undo brings back.
interface State {
  photo: Photo | undefined
  masks: Masks | undefined
  styles: Style[]
  several: boolean
  places: boolean
  loop: boolean
  settings: Settings
  taken: Taken | undefined
  init: Source | undefined
}

const untouched: Omit<Settings, 'colors' | 'faces'> = { recipe: 'fine', size: 512, strength: balanced, strokes: 0, effort: 1, seed: 0 }

// The colours of the layers, over the photo: of what is kept, and of styles by their
// slots.
const tints = ['#e5b255', '#4f7df0', '#e0567a', '#35b08a', '#a869e0', '#e0813a', '#3fb4d6', '#9bbf3b', '#8a6f5a']

// A Sending is a video on its way to the server.
export interface Sending {
  name: string
  share: number // of it that is sent, from 0 to 1
  stop: () => void
}

// A Layer is something that the brush paints.
export interface Layer {
  name: string
  title: string
  number: number // 0 is what is kept
  tint: string
}

class Draft {
  photo = $state<Photo | undefined>()
  masks = $state<Masks | undefined>() // of a photo; there are none of a video
  sending = $state<Sending | undefined>()
  styles = $state<Style[]>([])
  recipes = $state<RecipeInfo[]>([])
  // Pictures to begin with.
  photos = $state.raw<api.Example[]>([])
  triples = $state.raw<{ photo: api.Example; style: api.Example; url: string }[]>([])
  // Whether several may be chosen, and are blended everywhere or have their places.
  several = $state(false)
  places = $state(false)
  // Whether the end of a video leads to its beginning.
  loop = $state(false)
  settings = $state<Settings>({ ...untouched, colors: 'style', faces: true })
  maxStyles = 8
  #brought = 0
  // What remains of a job that was taken: its options, and the picture it began from.
  taken = $state.raw<Taken | undefined>()
  init = $state.raw<Source | undefined>()
  // The idempotency key of the next submission. It is used again until an answer
  // arrives, so that a lost answer makes no second painting.
  key = $state(newKey())

  // Those of which a part counts are first, as masks of parts are sent for the first
  // styles.
  chosen = $derived(this.styles.filter((s) => s.chosen).sort((a, b) => Number(!a.part) - Number(!b.part) || a.slot - b.slot))
  full = $derived(this.chosen.length >= this.maxStyles)
  // What the brush may paint: what stays a photo, and where the styles but the first go.
  layers = $derived<Layer[]>([
    { name: keep, title: 'Stays photo', number: 0, tint: tints[0] ?? '' },
    ...(this.places ? this.chosen.slice(1) : []).map((s) => ({ name: s.id, title: s.title, number: s.slot, tint: tints[s.slot] ?? '' })),
  ])
  // The styles that paint something: with places, the first has what the others leave.
  used = $derived.by(() => {
    const [first, ...others] = this.chosen
    const { masks } = this
    if (!this.places || !first || !masks) return this.chosen
    const painted = others.filter((s) => masks.painted(s.id))
    return masks.full(painted.map((s) => s.id)) ? painted : [first, ...painted]
  })
  recipe = $derived(this.recipes.find((r) => r.name === this.settings.recipe))
  ready = $derived(this.photo !== undefined && this.chosen.length > 0 && this.recipe !== undefined)
  // Whether the end of the video can lead to its beginning: it is one shot.
  loopable = $derived(this.photo?.video?.shots.length === 1)
  // The shares and scales of the styles, as options have them.
  shares = $derived(this.places ? [] : this.chosen.map((s) => s.share))
  scales = $derived(this.used.map((s) => s.scale))
  options = $derived.by((): Options | undefined => {
    if (!this.recipe) return undefined
    const options = optionsOf(this.settings, this.recipe.recipe, this.shares, this.scales, this.taken)
    return this.photo?.video ? { ...options, video: videoOptionsOf(this.settings, this.loop && this.loopable, this.taken) } : options
  })

  // The names of what is painted, for the title of the painting.
  get labels(): Record<string, string> {
    return {
      ...(this.photo ? { [label.photo]: labelOf([this.photo.name]) } : {}),
      ...(this.used.length > 0 ? { [label.style]: labelOf(this.used.map((s) => s.title)) } : {}),
    }
  }

  // offer sets the pictures to begin with.
  offer({ paintings, photos, triples }: api.ExampleList): void {
    const chosen = new Map(this.styles.filter((s) => s.chosen).map((s) => [s.id, s]))
    const examples = paintings.map(({ file, title, by = '', year = '', kind = '', url, thumbnail, width, height }): Style => {
      const id = `example-${file}`
      return chosen.get(id) ?? { id, title, by, year, kind, url, thumbnail, width, height, chosen: false, slot: 0, share: 1, scale: 1, own: false }
    })
    this.styles = [...this.styles.filter((s) => s.own), ...examples]
    const first = this.styles.find((s) => !s.own)
    if (first && this.chosen.length === 0) this.#mark(first, true)
    this.photos = photos
    this.triples = triples.flatMap((t) => {
      const photo = photos.find((p) => p.file === t.photo)
      const style = paintings.find((p) => p.file === t.painting)
      return photo && style ? [{ photo, style, url: t.url }] : []
    })
  }

  // offerRecipes sets the recipes. When they come for the first time, the settings become
  // the defaults of theirs.
  offerRecipes(recipes: RecipeInfo[]): void {
    const again = this.recipes.length > 0
    this.recipes = recipes
    if (again) return
    const { recipe } = this.settings
    this.settings.recipe = ''
    this.setRecipe(recipe)
  }

  // state returns the draft as it is, for back.
  state(): State {
    const { photo, masks, several, places, loop, taken, init } = this
    return { photo, masks, several, places, loop, taken, init, styles: this.styles.map((s) => ({ ...s })), settings: $state.snapshot(this.settings) }
  }

  // back brings back what the draft was.
  back(s: State): void {
    this.#release()
    Object.assign(this, s)
    if (s.photo?.blob && s.photo.url.startsWith('blob:')) this.photo = { ...s.photo, url: URL.createObjectURL(s.photo.blob) }
    this.styles = s.styles.map((style) => {
      if (!style.own || !style.file || !style.url.startsWith('blob:')) return style
      const url = URL.createObjectURL(style.file)
      return { ...style, url, thumbnail: url }
    })
  }

  // undoable changes the draft, says what was done, and offers to bring back what was
  // there before.
  async undoable(text: string, change: () => void | Promise<void>): Promise<void> {
    const before = this.state()
    await change()
    notices.removed(text, () => this.back(before))
  }

  // #release frees the pictures of the draft.
  #release(): void {
    if (this.photo) URL.revokeObjectURL(this.photo.url)
    for (const s of this.styles) if (s.own && s.file) URL.revokeObjectURL(s.url)
  }

  // setPhoto makes a picture or a video the photo. name is that of its file. A video is
  // sent to the server first, which a person may stop.
  async setPhoto(blob: Blob, name: string): Promise<void> {
    this.sending?.stop()
    const moves = isVideo({ type: blob.type, name }) || (videoLimits() !== undefined && (await isAnimated(blob)))
    if (!moves) {
      this.#setPhoto(await openPhoto(blob, name))
      return
    }
    const stopped = new AbortController()
    this.sending = { name: shortened(name), share: 0, stop: () => stopped.abort() }
    const { sending } = this // as the state has it
    try {
      this.#setPhoto(await openClip(blob, name, { signal: stopped.signal, progress: (share) => (sending.share = share) }))
    } catch (e) {
      if (!stopped.signal.aborted) throw e
    } finally {
      if (this.sending === sending) this.sending = undefined
    }
  }

  async setExample({ url, title }: Pick<api.Example, 'url' | 'title'>): Promise<void> {
    const answer = await fetch(url)
    if (!answer.ok) throw new Error(`${title} could not be loaded. Try again.`)
    this.#setPhoto({ ...(await openPhoto(await answer.blob(), title)), name: title })
  }

  // setTriple makes a photo and a style that go together those of the draft.
  async setTriple({ photo, style }: { photo: api.Example; style: api.Example }): Promise<void> {
    await this.setExample(photo)
    const s = this.styles.find((other) => other.url === style.url)
    this.setSeveral(false)
    if (s) this.only(s)
  }

  #setPhoto(photo: Photo): Masks | undefined {
    if (this.photo) URL.revokeObjectURL(this.photo.url)
    this.photo = photo
    this.masks = photo.video ? undefined : new Masks(photo)
    if (photo.video) this.places = false
    return this.masks
  }

  clearPhoto(): void {
    if (this.photo) URL.revokeObjectURL(this.photo.url)
    this.photo = this.masks = undefined
  }

  // only chooses one style.
  only(style: Style): void {
    for (const s of this.styles) if (s !== style) this.#mark(s, false)
    this.#mark(style, true)
  }

  // choose chooses a style, or adds it to those that are chosen or takes it from them.
  choose(style: Style): void {
    if (!this.several) this.only(style)
    else if (style.chosen || !this.full) this.#mark(style, !style.chosen)
  }

  // mix adds a style to the chosen ones.
  mix(style: Style): void {
    this.several = true
    if (!style.chosen) this.choose(style)
  }

  // surprise chooses another style by chance.
  surprise(): void {
    const others = this.styles.filter((s) => !s.chosen)
    const style = others[Math.floor(Math.random() * others.length)]
    this.setSeveral(false)
    if (style) this.only(style)
  }

  #mark(style: Style, chosen: boolean): void {
    if (style.chosen === chosen) return
    const taken = this.styles.filter((s) => s.chosen).map((s) => s.slot)
    let slot = 0
    if (chosen) for (slot = 1; taken.includes(slot); ) slot++
    Object.assign(style, { chosen, slot, share: 1 })
  }

  setSeveral(several: boolean): void {
    this.several = several
    if (several) return
    this.places = false
    const [first] = this.chosen
    if (first) this.only(first)
  }

  // setPercent sets how much of the mixture a chosen style is.
  setPercent(style: Style, percent: number): void {
    const { chosen } = this
    const shares = withPercent(chosen.map((s) => s.share), chosen.indexOf(style), percent)
    chosen.forEach((s, i) => (s.share = shares[i] ?? 1))
  }

  // addStyle adds a picture that a person brought, and chooses it where that is
  // possible. A picture that is there already is not added again. It returns the style.
  async addStyle(blob: Blob, name: string): Promise<Style> {
    const p = await openPhoto(blob, name)
    const same = await this.#sameFile(blob)
    if (same) URL.revokeObjectURL(p.url)
    return this.#choose(
      same ?? this.#own({ title: p.name, url: p.url, thumbnail: p.url, file: p.blob }),
    )
  }

  async #sameFile(blob: Blob): Promise<Style | undefined> {
    for (const s of this.styles) if (s.file?.size === blob.size && (await sameBytes(s.file, blob))) return s
    return undefined
  }

  #choose(style: Style): Style {
    if (!this.several) this.only(style)
    else if (!this.full) this.#mark(style, true)
    return style
  }

  // #own adds a style of a person, which is not chosen.
  #own(s: Pick<Style, 'title' | 'url' | 'thumbnail'> & Partial<Style>): Style {
    this.styles.unshift({ id: `own-${this.#brought++}`, by: 'yours', chosen: false, slot: 0, share: 1, scale: 1, own: true, ...s })
    return this.styles[0] as Style // as the state has it
  }

  // removeStyle removes a style that a person brought.
  removeStyle(style: Style): void {
    if (style.file) URL.revokeObjectURL(style.url)
    this.styles = this.styles.filter((s) => s.id !== style.id)
    const [first] = this.styles
    if (this.chosen.length === 0 && first) this.only(first)
    if (this.chosen.length < 2) this.places = false
  }

  setRecipe(name: string): void {
    const next = this.recipes.find((r) => r.name === name)
    this.settings = next ? withRecipe(this.settings, this.recipe, next) : { ...this.settings, recipe: name }
  }

  // takeVideo makes the video of a job that of the draft.
  takeVideo(j: Job): void {
    const content = api.input(j, 'content')
    if (content && j.video) this.#setPhoto(videoOf(j, j.video, content))
  }

  // take makes the pictures and settings of a job those of the draft, and offers to
  // bring back what was composed before. The pictures stay where they are: on the
  // server.
  async take(j: Job): Promise<void> {
    const before = this.state()
    await this.#take(j)
    if (before.photo || before.masks) notices.removed('What you composed before was replaced.', () => this.back(before))
  }

  async #take(j: Job): Promise<void> {
    const source = (role: api.Role, number = 0): Source => ({ job: { id: j.id, role, number } })
    const styles = api.inputs(j, 'style')
    const masks = api.inputs(j, 'mask')
    const parts = api.inputs(j, 'style_mask').length
    const names = namesIn(j.labels?.[label.style], styles.length)
    for (const s of this.styles) this.#mark(s, false)
    this.several = styles.length > 1
    const taken = styles.map((input, n): Style => {
      const title = names[n] || 'From a painting'
      const known = n < parts ? undefined : this.#known(input, title)
      const style = known ?? this.#own({ title, url: input.url, thumbnail: input.thumbnail, source: source('style', n), sum: input.sha256 })
      if (n < parts) style.part = source('style_mask', n)
      this.#mark(style, true)
      style.share = j.options.style_weights?.[n] ?? 1
      style.scale = j.options.style_scales?.[n] ?? 1
      return style
    })
    this.#takeOptions(j.options, (base) => settingsOf(j.options, base))
    this.init = api.input(j, 'init') && source('init')
    this.places = false
    this.loop = j.options.video?.loop ?? false
    const content = api.input(j, 'content')
    if (!content) return
    const { photo } = this
    const same = photo && !j.video && !photo.video && sumsOf(photo.blob, photo.sum).includes(content.sha256)
    const drawn = this.#setPhoto(
      same && photo.blob
        ? { ...photo, url: photo.url.startsWith('blob:') ? URL.createObjectURL(photo.blob) : photo.url }
        : j.video
          ? videoOf(j, j.video, content)
          : { name: j.labels?.[label.photo] || 'Photo', url: content.url, width: content.width, height: content.height, source: source('content'), sum: content.sha256 },
    )
    if (!drawn) return
    const lent: Lent = { layers: {} }
    const lend = async (layer: string, mask: api.Input) => {
      await drawn.open(layer, await (await fetch(mask.url)).blob())
      lent.layers[layer] = source(mask.role, mask.number)
    }
    for (const [n, mask] of masks.entries()) {
      const style = taken[n]
      if (n === 0) lent.rest = source('mask')
      else if (style) await lend(style.id, mask)
    }
    const kept = api.input(j, 'keep')
    if (kept) await lend(keep, kept)
    drawn.lend(lent)
    this.places = masks.length > 0
  }

  #takeOptions(options: Job['options'], settings: (base: RecipeInfo['recipe']) => Settings): void {
    const entry = this.recipes.find((r) => r.name === options.recipe.name)
    if (!entry) return
    this.settings = settings(entry.recipe)
    this.taken = { options, settings: $state.snapshot(this.settings) }
  }

  // #known returns the style that a picture of the server was made from: its sum is
  // known, or it has the name and the shape of an example.
  #known({ sha256, width, height }: api.Input, title: string): Style | undefined {
    const alike = (s: Style) => !s.own && labelOf([s.title]) === title && Boolean(s.width && s.height && Math.abs((s.width * height) / (s.height * width) - 1) < 0.02)
    return this.styles.find((s) => !s.chosen && sumsOf(s.file, s.sum).includes(sha256)) ?? this.styles.find((s) => !s.chosen && alike(s))
  }

  // takeRecord takes the settings of a painting from its file, and its pictures where
  // one of the jobs was painted from the same ones.
  async takeRecord(r: PaintingRecord, jobs: Job[]): Promise<void> {
    const sums = (inputs: { sha256: string }[]) => inputs.map((i) => i.sha256).sort().join()
    const like = jobs.find((j) => r.inputs.length > 0 && sums(j.inputs) === sums(r.inputs))
    if (like) await this.#take(like)
    this.#takeOptions(r.options, r.settings)
  }

  // kept returns what the browser keeps of the draft, besides the layers of the masks.
  kept(): Omit<Kept, 'layers'> {
    const own = this.styles
      .filter((s) => s.own)
      .map(({ by: _, own: __, thumbnail, ...s }): OwnStyle => ({ ...($state.snapshot(s) as OwnStyle), ...(s.file ? { files: sentOf(s.file) } : { thumbnail }) }))
    return {
      ...(this.photo ? { photo: { ...($state.snapshot(this.photo) as Photo), files: sentOf(this.photo.blob) } } : {}),
      own,
      examples: this.styles.filter((s) => !s.own && s.chosen).map((s) => ({ url: s.url, share: s.share, slot: s.slot, files: sentOf(s.file) })),
      several: this.several,
      places: this.places,
      loop: this.loop,
      settings: $state.snapshot(this.settings),
      key: this.key,
      ...(this.taken ? { taken: this.taken } : {}),
      ...(this.init ? { init: this.init } : {}),
      ...(this.masks?.lent ? { lent: this.masks.lent } : {}),
    }
  }

  // restore takes back what the browser kept, except for pictures that the server has
  // no longer.
  async restore(k: Kept): Promise<void> {
    this.settings = { ...this.settings, ...k.settings }
    this.several = k.several
    this.loop = k.loop ?? false
    this.taken = k.taken
    this.init = k.init
    this.key = k.key ?? newKey()
    for (const s of this.styles) {
      const example = k.examples.find((e) => e.url === s.url)
      this.#mark(s, example !== undefined)
      if (!example) continue
      Object.assign(s, { share: example.share, slot: example.slot || s.slot })
    }
    for (const s of [...k.own].reverse()) {
      this.#brought = Math.max(this.#brought, Number(s.id.replace('own-', '')) + 1)
      const style = await reopened(s)
      if (style) this.styles.unshift(style)
    }
    if (!k.photo) return
    const photo = await reopenedPhoto(k.photo)
    if (!photo) return
    this.#setPhoto(photo)
    await this.masks?.restore(k.layers)
    if (k.lent) this.masks?.lend(k.lent)
    this.places = k.places
  }

  // clear begins a new draft, with the first style.
  clear(): void {
    this.#release()
    this.photo = this.masks = undefined
    this.styles = this.styles.filter((s) => !s.own).map((s) => ({ ...s, chosen: false, slot: 0, share: 1, scale: 1 }))
    this.several = this.places = this.loop = false
    this.settings = { ...this.settings, ...untouched, recipe: '' } // without the choices of the recipe before
    this.taken = this.init = undefined
    this.setRecipe(untouched.recipe)
    const [first] = this.styles
    if (first) this.only(first)
  }

  // renew makes the next submission another one.
  renew(): void {
    this.key = newKey()
  }

  // submission uploads the pictures that the server does not have yet, with at most side
  // pixels on their long sides, and returns what is submitted.
  async submission(side = usableSide(this.settings.size), options: Options | undefined = this.options, watch: Watch = {}): Promise<Submission> {
    const { photo, masks, used, labels } = this
    if (!photo || !options) throw new Error('There is no photo yet.')
    let done = 0
    const send = async (source: Source | undefined, blob: Blob | undefined, most: number, video = false): Promise<Source> => {
      if (!source && !blob) throw new Error('A picture is missing. Choose it again.')
      const step: Watch = {
        ...(watch.signal ? { signal: watch.signal } : {}),
        progress: (share) => watch.progress?.((done + share) / (used.length + 1)),
      }
      const at = source ?? (await uploaded(blob as Blob, most, step, video))
      done++
      return at
    }
    const given = await send(photo.source, photo.blob, side, photo.video !== undefined)
    const s: Submission = { ...(photo.video ? { video: given } : { content: given }), styles: [], options, labels }
    for (const style of used) {
      if (!style.own) style.file ??= await (await fetch(style.url)).blob()
      s.styles.push(await send(style.source, style.file, Math.ceil(side * Math.max(1, style.scale))))
    }
    watch.progress?.(1)
    const parts = used.flatMap((style) => style.part ?? [])
    if (parts.length > 0) s.style_masks = parts
    if (options.recipe?.init === 'picture' && this.init) s.init = this.init
    if (masks) await this.#addMasks(s, masks, used, watch.signal)
    return s
  }

  async #addMasks(s: Submission, masks: Masks, used: Style[], signal: AbortSignal | undefined): Promise<void> {
    const watch: Watch = signal ? { signal } : {}
    const { layers, rest } = masks.lent ?? { layers: {} as Lent['layers'] }
    const layer = async (name: string) => layers[name] ?? uploaded(await masks.file(name), Infinity, watch)
    if (this.places && used.length > 1) {
      const first = this.chosen[0]
      const others = used.filter((style) => style !== first).map((style) => style.id)
      const lent = Object.keys(layers).filter((name) => name !== keep)
      const same = lent.length === others.length && others.every((name) => lent.includes(name))
      s.masks = []
      for (const style of used) {
        if (style !== first) s.masks.push(await layer(style.id))
        else s.masks.push(same && rest ? rest : await uploaded(await masks.rest(others), Infinity, watch))
      }
    }
    if (masks.painted(keep)) s.keep = await layer(keep)
  }
}


// videoOf returns the video of a job. content is its first frame.
function videoOf(j: Job, video: api.Video, { thumbnail, width, height }: api.Input): Photo {
  return { name: j.labels?.[label.photo] || 'Video', url: thumbnail, width, height, source: { job: { id: j.id, role: 'video' } }, video }
}

// sumsOf returns the sums of what the server has of a picture.
function sumsOf(blob: Blob | undefined, sum: string | undefined): string[] {
  return [...sentOf(blob).map((f) => f.sha256), ...(sum ? [sum] : [])]
}

async function sameBytes(a: Blob, b: Blob): Promise<boolean> {
  const [x, y] = [new Uint8Array(await a.arrayBuffer()), new Uint8Array(await b.arrayBuffer())]
  return x.length === y.length && x.every((v, i) => v === y[i])
}

// reopened returns a style that the browser kept, or undefined where the server has it
// no longer.
async function reopened({ files, ...s }: OwnStyle): Promise<Style | undefined> {
  const own = { by: 'yours', own: true, slot: Number(s.chosen) }
  if (!s.file) return (await api.exists(s.url)) ? { thumbnail: s.url, ...own, ...s } : undefined
  remember(s.file, files)
  const url = s.url.startsWith('blob:') ? URL.createObjectURL(s.file) : await seen(s.file, s.url, s.title)
  return { ...own, ...s, url, thumbnail: url }
}

async function reopenedPhoto({ files, ...p }: Photo): Promise<Photo | undefined> {
  if (!p.blob) return (await api.exists(p.url)) ? p : undefined
  remember(p.blob, files)
  return { ...p, url: p.url.startsWith('blob:') ? URL.createObjectURL(p.blob) : await seen(p.blob, p.url, p.name, p.video ? (blob, name) => openClip(blob, name, {}) : openPhoto) }
}

// seen returns the thumbnail of a picture that this browser cannot show. The server
// makes another one where the one before is gone.
async function seen(blob: Blob, thumbnail: string, name: string, open: (blob: Blob, name: string) => Promise<Photo> = openPhoto): Promise<string> {
  try {
    return (await api.exists(thumbnail)) ? thumbnail : (await open(blob, name)).url
  } catch {
    return thumbnail // it is not seen, and can be painted all the same
  }
}

export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('')
}

export const draft = new Draft()
