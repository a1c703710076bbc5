// What paintings are called.
import type { Job } from './api'

// The labels of a job that the page sets. Values have at most 63 characters.
export const label = {
  title: 'title', // what a person calls it
  photo: 'photo', // the names of the pictures it was painted from
  style: 'style',
  favourite: 'favourite', // "yes", or absent
} as const

// longest is how many characters a title has at most.
export const longest = 63

type Labels = Partial<Record<keyof typeof label, string>>

// namesOf returns the names of the pictures of a painting, as far as they are known.
export function namesOf(j: Pick<Job, 'labels'>): { photo?: string; style?: string } {
  const { photo, style } = (j.labels ?? {}) as Labels
  return { ...(photo ? { photo: named(photo) } : {}), ...(style ? { style: named(style) } : {}) }
}

// named makes the name of a picture of the name of its file.
function named(file: string): string {
  const name = file.replace(/\.(jpe?g|png|webp|gif|bmp|tiff?|avif|hei[cf]|mp4|m4v|mov|mkv|webm|avi|y4m)$/i, '') || file
  return name.charAt(0).toUpperCase() + name.slice(1)
}

// titleOf returns what a painting is called: "Castle, after The Starry Night".
export function titleOf(j: Pick<Job, 'labels'>): string {
  const { title } = (j.labels ?? {}) as Labels
  if (title) return title
  const { photo, style } = namesOf(j)
  if (photo && style) return `${photo}, after ${style}`
  return photo ?? (style ? `After ${style}` : 'Painting')
}

// isFavourite reports whether a painting has a star.
export const isFavourite = (j: Pick<Job, 'labels'>) => j.labels?.[label.favourite] === 'yes'

// fileName returns the name of a file of a painting, such as
// castle-after-the-starry-night-1024.png. what says what else is in it.
export function fileName(j: Pick<Job, 'labels' | 'result'>, suffix: string, what = ''): string {
  const words = titleOf(j)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word)
    .join('-')
  const size = j.result ? Math.max(j.result.width, j.result.height) : ''
  return `${[[...words].slice(0, 80).join('') || 'painting', what, size].filter((part) => part).join('-')}.${suffix}`
}
