// Videos that a person brings.
import type { Video, Watch } from './api'
import { accept, nameOf, type Photo, shortened } from './photo'
import { sentence } from './problem'
import { upload, videoLimits } from './upload'

const names = /\.(mp4|m4v|mov|mkv|webm|avi|y4m)$/i

// isVideo reports whether a file is a video by its type or name. A picture that
// moves is none.
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
    const why = e instanceof Error ? e.message.replace(/^file: /i, '') : '' // which is what the server calls it
    throw new Error(`${shortened(file)} cannot be used. ${sentence(why)}`)
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
