// What paintings are called.
import type { Job } from './api'

// The labels of a job that the page sets. Values have at most 63 characters.
export const label = {
  title: 'title', // what a person calls it
  photo: 'photo', // the names of the pictures it was painted from
  style: 'style',
  favourite: 'favourite', // "yes", or absent
} as const

// titleOf returns what a painting is called: "Castle, after The Starry Night".
export function titleOf(j: Pick<Job, 'labels'>): string {
  const { title, photo, style } = (j.labels ?? {}) as Partial<Record<keyof typeof label, string>>
  if (title) return title
  if (photo && style) return `${photo}, after ${style}`
  return photo ?? (style ? `After ${style}` : 'Painting')
}
