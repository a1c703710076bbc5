// Videos that a person brings.
import type { Video, Watch } from './api'
import { accept, nameOf, type Photo, shortened } from './photo'
import { upload, videoLimits } from './upload'

const names = /\.(mp4|m4v|mov|mkv|webm|avi|y4m)$/i

// isVideo reports whether a file is a video by its type or name. Animations may be
// pictures as well; isAnimated looks into them.
export function isVideo({ type, name }: Pick<File, 'type' | 'name'>): boolean {
  return type.startsWith('video/') || names.test(name)
}

// accepted returns the attribute "accept" of the <input> elements for a photo.
export const accepted = () => (videoLimits() ? `${accept},video/*,.mp4,.mov,.mkv,.webm,.avi,.y4m` : accept)

// unread says why a server does not read a video, where that is known before it is sent.
export function unread({ type, name }: Pick<File, 'type' | 'name'>): string | undefined {
  const limits = videoLimits()
  if (!limits) return `${shortened(name)} is a video, and this server paints none.`
  const plain = /\.(avi|y4m)$/i.test(name) || /avi|msvideo/.test(type)
  return limits.ffmpeg || plain ? undefined : `${shortened(name)} needs FFmpeg, which this server does not have. Use an animated GIF, PNG or WebP, or a video with the ending .avi or .y4m.`
}

// openClip sends a video to the server, which returns its first frame.
export async function openClip(blob: Blob, file: string, watch: Watch): Promise<Photo & { blob: Blob }> {
  try {
    const { width, height, thumbnail, video } = (await upload(blob, Infinity, watch, true)).file
    return { name: nameOf(file), blob, url: thumbnail, width, height, ...(video ? { video } : {}) }
  } catch (e) {
    watch.signal?.throwIfAborted()
    throw new Error(`${shortened(file)} cannot be used. ${e instanceof Error ? e.message : ''}`)
  }
}

// secondsOf says how long a video is.
export function secondsOf({ seconds }: Pick<Video, 'seconds'>): string {
  const long = seconds < 10 ? Math.max(1, Math.round(10 * seconds)) / 10 : Math.round(seconds)
  return `${long} ${long === 1 ? 'second' : 'seconds'}`
}

// lengthOf says how long a video is, and how many frames it has.
export const lengthOf = (v: Pick<Video, 'seconds' | 'frames'>) => `${secondsOf(v)}, ${v.frames} ${v.frames === 1 ? 'frame' : 'frames'}`

// rateOf says how many frames a second there are: 25, or 29.97.
export const rateOf = ({ rate }: Pick<Video, 'rate'>) => String(Math.round(100 * rate) / 100)

// An animation is recognized in so many bytes, or by so many parts.
const most = 64 * 1024

// isAnimated reports whether a picture file has several frames: a GIF, PNG or WebP.
export async function isAnimated(file: Blob): Promise<boolean> {
  const head = new Uint8Array(await file.slice(0, most).arrayBuffer())
  const at = (offset: number, text: string) => [...text].every((c, i) => head[offset + i] === c.charCodeAt(0))
  if (at(0, 'GIF8')) return framesOfGIF(new Uint8Array(await file.arrayBuffer())) > 1
  if (at(0, 'RIFF') && at(8, 'WEBPVP8X')) return ((head[20] ?? 0) & 2) !== 0
  if (!at(0, '\x89PNG')) return false
  // The chunk acTL of an animation comes before the pixels.
  const view = new DataView(head.buffer)
  for (let offset = 8; offset + 12 <= head.length && !at(offset + 4, 'IDAT'); offset += 12 + view.getUint32(offset)) {
    if (at(offset + 4, 'acTL')) return view.getUint32(offset + 8) > 1
  }
  return false
}

// framesOfGIF counts the frames of a GIF, up to two.
function framesOfGIF(data: Uint8Array): number {
  const byte = (offset: number) => data[offset] ?? 0
  // A table of colours has 3 bytes for each of its 2 to 256 colours.
  const table = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  let at = 13 + table(byte(10))
  let frames = 0
  while (at < data.length && frames < 2) {
    const kind = byte(at)
    if (kind === 0x2c) {
      frames++
      at += 10 + table(byte(at + 9)) + 1
    } else if (kind === 0x21) at += 2
    else break
    while (at < data.length && byte(at) !== 0) at += byte(at) + 1 // blocks
    at++
  }
  return frames
}
