// Finding styles among many.
import type { Style } from './draft.svelte'

type Found = Pick<Style, 'title' | 'by' | 'year' | 'kind' | 'own'>

const plain = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()

// matches reports whether a style has all words of a search in its title, artist, year
// or kind, and is of a kind, where that is not ''.
export function matches(s: Found, search: string, kind: string): boolean {
  if (kind !== '' && kindOf(s) !== kind) return false
  const text = plain([s.title, s.by, s.year ?? '', kindOf(s)].join(' '))
  return plain(search).split(/\s+/).every((word) => text.includes(word))
}

// kindOf returns how a style is made.
export function kindOf(s: Pick<Style, 'kind' | 'own'>): string {
  return s.own ? 'yours' : (s.kind ?? '')
}

// kindsOf returns the kinds of some styles, in the order of their first ones.
export function kindsOf(styles: Pick<Style, 'kind' | 'own'>[]): string[] {
  return [...new Set(styles.map(kindOf))].filter((kind) => kind !== '')
}

// firstOf returns the first styles of a list, and instead of the last of them the chosen
// ones that come later.
export function firstOf<S extends Pick<Style, 'chosen'>>(styles: S[], count: number): S[] {
  const later = styles.slice(count).filter((s) => s.chosen)
  let room = count - later.length
  const first = styles.slice(0, count)
  const kept = new Set(first.filter((s) => s.chosen))
  room -= kept.size
  for (const s of first) if (!kept.has(s) && room-- > 0) kept.add(s)
  return [...first.filter((s) => kept.has(s)), ...later]
}

// describe returns who made a style, and when.
export function describe(s: Pick<Style, 'by' | 'year'>): string {
  return [s.by, s.year].filter((part) => part && !(part === s.year && s.by.includes(part))).join(', ')
}
