// The names of pictures as values of labels, which take a few kinds of characters only.

const longest = 63
const between = ' and '

// labelOf returns the value of a label that has some names. Long names are cut so that
// all have room.
export function labelOf(names: string[]): string {
  const room = Math.floor((longest - between.length * (names.length - 1)) / names.length)
  return names.map((name) => [...plain(name)].slice(0, room).join('').trim()).join(between)
}

const plain = (name: string) => name.normalize().replace(/[’']/g, '').replace(/[^\p{L}\p{Nd}\-_./:@+]+/gu, ' ').trim()

// namesIn returns the names in a label that has some of them, or none where it is not
// known which is which.
export function namesIn(value: string | undefined, count: number): string[] {
  if (!value) return []
  const all = count === 1 ? [value] : value.split(between)
  return all.length === count ? all : []
}
