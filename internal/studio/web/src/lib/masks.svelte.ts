// Where on the photo is painted what: layers of brush strokes. What the layers cover
// of a place is the whole place at most.
import type { Source } from './api'
import { sheet, toBlob } from './canvas'
import type { Photo } from './photo'

// The layer of what stays as it is; the others are named after styles.
export const keep = 'keep'

const longSide = 1024
// The most bytes that are held so that strokes can be undone and redone.
const mostPast = 32 << 20

// Lent are the masks of an earlier job. They are sent as they are until somebody
// paints: a mask may be finer than its layer.
export interface Lent {
  // Of keep and the styles, by the names of their layers.
  layers: Record<string, Source>
  // Of the first style, which paints what the layers of the others leave.
  rest?: Source
}

// A Box is a part of the masks, from its first pixels to those before its last.
export interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

export type Place = [number, number]

// A Tip is what one draws with: its width in pixels of the masks, and which share of it
// is a soft edge.
export interface Tip {
  size: number
  feather: number
  erase: boolean
}

// A Patch is what one change did to a layer.
interface Patch {
  name: string
  before: Uint8ClampedArray
  after: Uint8ClampedArray
}

interface Change {
  box: Box
  patches: Patch[]
}

// What a layer covers: the share of the photo, and the middle of that.
export interface Cover {
  share: number
  middle: Place
}

export class Masks {
  readonly width: number
  readonly height: number
  // Grows with each finished change.
  version = $state(0)
  // How much of each pixel a layer covers, from 0 to 255.
  #layers = new Map<string, Uint8ClampedArray>()
  #past: Change[] = []
  #future: Change[] = []
  // While something changes: the layers before, and where they changed.
  #before: Map<string, Uint8ClampedArray> | undefined
  #changed: Box | undefined
  #watchers = new Set<(box: Box) => void>()
  #covers = new Map<string, Cover>()
  #files = new Map<string, Promise<Blob>>()
  #lent: (Lent & { version: number }) | undefined

  constructor(photo: Pick<Photo, 'width' | 'height'>) {
    const scale = Math.min(1, longSide / Math.max(photo.width, photo.height))
    this.width = Math.max(1, Math.round(photo.width * scale))
    this.height = Math.max(1, Math.round(photo.height * scale))
  }

  get all(): Box {
    return { left: 0, top: 0, right: this.width, bottom: this.height }
  }

  // layer returns how much of each pixel a layer covers, where it covers something.
  layer(name: string): Uint8ClampedArray | undefined {
    return this.#layers.get(name)
  }

  painted(name: string): boolean {
    void this.version
    return this.#layers.has(name)
  }

  // full reports whether some layers leave nothing of the photo to others.
  full(names: string[]): boolean {
    void this.version
    const layers = names.flatMap((name) => this.#layers.get(name) ?? [])
    if (layers.length === 0) return false
    for (let i = 0; i < this.width * this.height; i++) {
      if (layers.reduce((sum, l) => sum + (l[i] ?? 0), 0) < 255) return false
    }
    return true
  }

  // watch calls back with each part of the layers that changes, until the function
  // that it returns is called.
  watch(seen: (box: Box) => void): () => void {
    this.#watchers.add(seen)
    return () => this.#watchers.delete(seen)
  }

  // lend sets the masks that the layers were made from.
  lend(lent: Lent): void {
    this.#lent = { ...lent, version: this.version }
  }

  // lent returns the masks that the layers still are.
  get lent(): Lent | undefined {
    return this.#lent?.version === this.version ? this.#lent : undefined
  }

  // begin begins a change, which undo takes back as one.
  begin(): void {
    this.end()
    this.#before = new Map([...this.#layers].map(([name, l]) => [name, l.slice()]))
    this.#changed = undefined
  }

  // end ends a change.
  end(): void {
    const before = this.#before
    const box = this.#changed
    this.#before = this.#changed = undefined
    if (!before || !box) return
    const names = new Set([...before.keys(), ...this.#layers.keys()])
    const patches = [...names].map((name) => ({ name, before: this.#cut(before.get(name), box), after: this.#cut(this.#layers.get(name), box) }))
    this.#past.push({ box, patches: patches.filter((p) => p.before.some((v, i) => v !== p.after[i])) })
    this.#future = []
    this.#bound()
    this.#settle()
  }

  // cancel takes back a change that has begun.
  cancel(): void {
    const before = this.#before
    const box = this.#changed
    this.#before = this.#changed = undefined
    if (!before || !box) return
    this.#layers = before
    this.#tell(box)
  }

  // undo takes back the last change, and reports whether there was one.
  undo(): boolean {
    return this.#step(this.#past, this.#future, 'before')
  }

  // redo makes a change again that was taken back, and reports whether there was one.
  redo(): boolean {
    return this.#step(this.#future, this.#past, 'after')
  }

  get undoable(): boolean {
    void this.version
    return this.#past.length > 0
  }

  get redoable(): boolean {
    void this.version
    return this.#future.length > 0
  }

  // stroke draws from one place to another, both in pixels of the masks.
  stroke(name: string, from: Place, to: Place, { size, feather, erase }: Tip): void {
    const radius = Math.max(0.5, size / 2)
    const solid = radius * (1 - feather)
    const soft = Math.max(1, radius - solid)
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]]
    const length = dx * dx + dy * dy
    const box = this.#clip({
      left: Math.min(from[0], to[0]) - radius - 1,
      top: Math.min(from[1], to[1]) - radius - 1,
      right: Math.max(from[0], to[0]) + radius + 1,
      bottom: Math.max(from[1], to[1]) + radius + 1,
    })
    this.#draw(name, box, erase, (x, y) => {
      const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - from[0]) * dx + (y - from[1]) * dy) / length))
      const away = Math.hypot(x - from[0] - along * dx, y - from[1] - along * dy)
      const t = Math.min(1, Math.max(0, (radius - away) / soft))
      return t * t * (3 - 2 * t)
    })
  }

  // fill draws all of a part, whose sides are shares of the photo's.
  fill(name: string, part: Box, erase: boolean): void {
    this.begin()
    const box = this.#clip({ left: part.left * this.width, top: part.top * this.height, right: part.right * this.width, bottom: part.bottom * this.height })
    this.#draw(name, box, erase, () => 1)
    this.end()
  }

  // invert makes a layer cover what it does not.
  invert(name: string): void {
    this.begin()
    const layer = this.#layers.get(name)?.slice() ?? new Uint8ClampedArray(this.width * this.height)
    this.#layers.delete(name)
    this.#draw(name, this.all, false, (x, y) => 1 - (layer[Math.floor(y) * this.width + Math.floor(x)] ?? 0) / 255)
    this.end()
  }

  clear(name: string): void {
    this.fill(name, { left: 0, top: 0, right: 1, bottom: 1 }, true)
  }

  // cover returns what a layer covers.
  cover(name: string): Cover | undefined {
    void this.version
    const layer = this.#layers.get(name)
    const known = this.#covers.get(name)
    if (!layer || known) return known
    let [sum, x, y] = [0, 0, 0]
    layer.forEach((v, i) => {
      sum += v
      x += v * (i % this.width)
      y += v * Math.floor(i / this.width)
    })
    const cover: Cover = { share: sum / 255 / layer.length, middle: [x / sum, y / sum] }
    this.#covers.set(name, cover)
    return cover
  }

  // at returns how much of a place a layer covers, from 0 to 255.
  at(name: string, [x, y]: Place): number {
    const [column, row] = [Math.min(this.width - 1, Math.floor(x)), Math.min(this.height - 1, Math.floor(y))]
    return this.#layers.get(name)?.[row * this.width + column] ?? 0
  }

  // #draw covers the pixels of a box as far as value says, from 0 to 1, and takes what it
  // covers from the other layers. It erases instead where that is asked for.
  #draw(name: string, box: Box, erase: boolean, value: (x: number, y: number) => number): void {
    if (erase && !this.#layers.has(name)) return
    const layer = this.#layers.get(name) ?? new Uint8ClampedArray(this.width * this.height)
    this.#layers.set(name, layer)
    const others = erase ? [] : [...this.#layers.values()].filter((l) => l !== layer)
    for (let y = box.top; y < box.bottom; y++) {
      for (let x = box.left; x < box.right; x++) {
        const i = y * this.width + x
        const v = Math.round(255 * value(x + 0.5, y + 0.5))
        if (v === 0) continue
        if (erase) layer[i] = Math.min(layer[i] ?? 0, 255 - v)
        else layer[i] = Math.max(layer[i] ?? 0, v)
        const left = 255 - (layer[i] ?? 0)
        for (const other of others) if ((other[i] ?? 0) > left) other[i] = left
      }
    }
    this.#changed = this.#changed ? union(this.#changed, box) : box
    this.#tell(box)
  }

  #step(from: Change[], to: Change[], side: 'before' | 'after'): boolean {
    this.end()
    const change = from.pop()
    if (!change) return false
    to.push(change)
    for (const p of change.patches) this.#paste(p.name, change.box, p[side])
    this.#tell(change.box)
    this.#settle()
    return true
  }

  // #settle drops layers that cover nothing, and what was known of the layers.
  #settle(): void {
    for (const [name, l] of this.#layers) if (l.every((v) => v === 0)) this.#layers.delete(name)
    this.#covers.clear()
    this.#files.clear()
    this.version++
  }

  // #bound forgets the oldest changes where they take too much memory.
  #bound(): void {
    const bytes = (c: Change) => c.patches.reduce((sum, p) => sum + p.before.length + p.after.length, 0)
    let sum = this.#past.reduce((all, c) => all + bytes(c), 0)
    while (sum > mostPast && this.#past.length > 1) {
      const [oldest] = this.#past.splice(0, 1)
      if (oldest) sum -= bytes(oldest)
    }
  }

  #cut(layer: Uint8ClampedArray | undefined, { left, top, right, bottom }: Box): Uint8ClampedArray {
    const part = new Uint8ClampedArray((right - left) * (bottom - top))
    if (layer) for (let y = top; y < bottom; y++) part.set(layer.subarray(y * this.width + left, y * this.width + right), (y - top) * (right - left))
    return part
  }

  #paste(name: string, { left, top, right, bottom }: Box, part: Uint8ClampedArray): void {
    const layer = this.#layers.get(name) ?? new Uint8ClampedArray(this.width * this.height)
    this.#layers.set(name, layer)
    for (let y = top; y < bottom; y++) layer.set(part.subarray((y - top) * (right - left), (y - top + 1) * (right - left)), y * this.width + left)
  }

  #clip({ left, top, right, bottom }: Box): Box {
    const within = (x: number, most: number) => Math.min(most, Math.max(0, x))
    const box = { left: within(Math.floor(left), this.width), top: within(Math.floor(top), this.height), right: within(Math.ceil(right), this.width), bottom: within(Math.ceil(bottom), this.height) }
    return box
  }

  #tell(box: Box): void {
    for (const seen of this.#watchers) seen(box)
  }

  // file returns a layer, white on black.
  file(name: string): Promise<Blob> {
    return this.#file(name, (i) => this.#layers.get(name)?.[i] ?? 0)
  }

  // rest returns what some layers leave, white on black.
  rest(names: string[]): Promise<Blob> {
    const layers = names.flatMap((name) => this.#layers.get(name) ?? [])
    return this.#file(['', ...names].join('\n'), (i) => 255 - layers.reduce((sum, l) => sum + (l[i] ?? 0), 0))
  }

  // #file makes a picture of values from 0 to 255. It is made once, until the layers
  // change.
  #file(key: string, value: (i: number) => number): Promise<Blob> {
    const made = this.#files.get(key)
    if (made) return made
    const { canvas, pen } = sheet(this.width, this.height)
    const data = pen.createImageData(this.width, this.height)
    for (let i = 0; i < this.width * this.height; i++) {
      data.data.fill(value(i), 4 * i, 4 * i + 3)
      data.data[4 * i + 3] = 255
    }
    pen.putImageData(data, 0, 0)
    const file = toBlob(canvas, 'image/png')
    this.#files.set(key, file)
    return file
  }

  // layers returns all layers, to be kept.
  layers(): Promise<[string, Blob][]> {
    return Promise.all([...this.#layers.keys()].map(async (name) => [name, await this.file(name)] as [string, Blob]))
  }

  // restore takes back layers that were kept.
  async restore(layers: [string, Blob][]): Promise<void> {
    for (const [name, blob] of layers) await this.open(name, blob)
  }

  // open makes a layer of a mask, which is white where the layer covers the photo.
  async open(name: string, mask: Blob): Promise<void> {
    const bitmap = await createImageBitmap(mask)
    const { pen } = sheet(this.width, this.height)
    pen.drawImage(bitmap, 0, 0, this.width, this.height)
    bitmap.close()
    const { data } = pen.getImageData(0, 0, this.width, this.height)
    const layer = new Uint8ClampedArray(this.width * this.height)
    for (let i = 0; i < layer.length; i++) layer[i] = data[4 * i] ?? 0
    this.#layers.set(name, layer)
    this.#tell(this.all)
    this.#settle()
  }
}

// union returns the smallest box around two.
export function union(a: Box, b: Box): Box {
  return { left: Math.min(a.left, b.left), top: Math.min(a.top, b.top), right: Math.max(a.right, b.right), bottom: Math.max(a.bottom, b.bottom) }
}
