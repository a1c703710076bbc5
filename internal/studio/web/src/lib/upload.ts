// Pictures are sent to the server no larger than a painting can use.
import * as api from './api'
import { isAnimated } from './animated'
import type { Source, Watch } from './api'
import { sheet, toBlob } from './canvas'

type Limits = Pick<api.Session['limits'], 'pixels' | 'bytes'> & { video?: api.VideoLimits }

// What the server takes.
let limits: Limits = { pixels: 24_000_000, bytes: Infinity }

export function setLimits(l: Limits): void {
  limits = l
}

// videoLimits returns what videos the server takes, where it takes any.
export const videoLimits = () => limits.video

// lookSide is the long side of the pictures of a quick look, in pixels.
export const lookSide = 512

const leastUsable = 1024

// usableSide returns the long side, in pixels, of what a painting of a size can use of
// its photo and styles. Broad strokes are read from styles of twice the size.
export function usableSide(size: number): number {
  return Math.max(2 * size, leastUsable)
}

// The types of the picture files that the server reads.
const readable = ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/bmp', 'image/tiff', 'image/avif', 'image/heic', 'image/heif']

// Those that have no transparent pixels.
const opaque = ['image/jpeg', 'image/bmp']

interface Shape {
  width: number
  height: number
  type: string
}

// sentSize returns the size at which a picture is sent, which is at most side on its
// long side, or undefined where its file is sent as it is.
export function sentSize({ width, height, type }: Shape, side: number, pixels: number): { width: number; height: number } | undefined {
  const scale = Math.min(1, side / Math.max(width, height), Math.sqrt(pixels / (width * height)))
  if (scale === 1 && readable.includes(type)) return undefined
  const of = (length: number) => Math.max(1, Math.floor(length * scale))
  return { width: of(width), height: of(height) }
}

// decode returns the pixels of a picture as it is meant to be seen: browsers turn it
// by its orientation. It returns undefined where this browser cannot read the file.
export async function decode(blob: Blob): Promise<ImageBitmap | undefined> {
  try {
    return await createImageBitmap(blob)
  } catch {
    return undefined
  }
}

const quality = 0.95

// prepared returns the file of a picture that is sent, and whether that is the whole
// picture. A video is sent as it is, and of a picture that moves the first frame.
async function prepared(blob: Blob, side: number, video: boolean): Promise<{ file: Blob; whole: boolean; decoded: boolean }> {
  if (video) return { file: blob, whole: true, decoded: false }
  const bitmap = await decode(blob)
  const size = bitmap && sentSize({ width: bitmap.width, height: bitmap.height, type: blob.type }, side, limits.pixels)
  if (!bitmap || (!size && !(await isAnimated(blob)))) {
    bitmap?.close()
    return { file: blob, whole: true, decoded: bitmap !== undefined }
  }
  const { width, height } = size ?? bitmap
  const whole = width === bitmap.width
  const { canvas, pen } = sheet(width, height)
  pen.drawImage(bitmap, 0, 0, width, height)
  bitmap.close()
  const seeThrough = !opaque.includes(blob.type) && hasTransparency(pen.getImageData(0, 0, width, height).data)
  return { file: await toBlob(canvas, seeThrough ? 'image/png' : 'image/jpeg', quality), whole, decoded: true }
}

export function hasTransparency(pixels: Uint8ClampedArray): boolean {
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] !== 255) return true
  return false
}

// Sent is a file of the server that was made of a picture.
export interface Sent {
  // The long side that was asked for, and whether the picture has no more than that.
  // What the browser cannot read is sent whole, at any side.
  side: number
  whole: boolean
  id: string
  sha256: string
  at: number // when it was uploaded, in milliseconds since 1970
  expires: string
}

let sent = new WeakMap<Blob, Sent[]>()
// Files that were uploaded before this time may be gone.
let trustedSince = 0
// A file that expires within this many milliseconds is uploaded again.
const spare = 60 * 60 * 1000

// sentOf returns the files that were made of a picture, also those that have expired.
export function sentOf(blob: Blob | undefined): Sent[] {
  return (blob && sent.get(blob)) ?? []
}

// remember takes back the files of a picture, after a reload.
export function remember(blob: Blob, files: Sent[] | undefined): void {
  if (files) sent.set(blob, files)
}

// forgetUploads makes the next submission upload its pictures again.
export function forgetUploads(): void {
  trustedSince = Date.now() + 1
}

// reusable returns a file that serves where side pixels can be used.
export function reusable(files: Sent[], side: number, now: number): Sent | undefined {
  return files
    .filter((f) => f.at >= trustedSince && Date.parse(f.expires) >= now + spare && (f.side >= side || f.whole))
    .sort((a, b) => a.side - b.side)[0]
}

// uploaded returns where the server has a picture or a video, and sends it there first
// where that is needed: a picture with side pixels on its long side at most.
export async function uploaded(blob: Blob, side = Infinity, watch: Watch = {}, video = false): Promise<Source> {
  return { file: (reusable(sentOf(blob), side, Date.now()) ?? (await upload(blob, side, watch, video)).entry).id }
}

// upload sends a picture or a video, and returns the file that the server made of it.
export async function upload(blob: Blob, side: number, watch: Watch = {}, video = false): Promise<{ file: api.File; entry: Sent }> {
  const { file: body, whole, decoded } = await prepared(blob, side, video)
  watch.signal?.throwIfAborted()
  if (body.size > limits.bytes) throw new Error(`The ${video ? 'video' : 'picture'} has ${megabytes(body.size)}, and this server takes ${megabytes(limits.bytes)}. Make it smaller first.`)
  const file = await api.upload(body, watch)
  const entry: Sent = { side: decoded ? side : 0, whole, id: file.id, sha256: file.sha256, at: Date.now(), expires: file.expires }
  sent.set(blob, [...sentOf(blob).filter((f) => f.side !== entry.side), entry])
  return { file, entry }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`
}
