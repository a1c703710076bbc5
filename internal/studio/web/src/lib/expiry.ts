// How long a painting is kept, in words.

const hour = 3_600_000
const day = 24 * hour

const dates = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long' })
const years = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric' })
const times = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })

// dateOf returns a date, with its year where that is not the present one.
export function dateOf(at: Date, now: Date): string {
  return (at.getFullYear() === now.getFullYear() ? dates : years).format(at)
}

// timeOf returns a date with the time of day.
export function timeOf(at: Date, now: Date): string {
  const time = times.format(at)
  return at.toDateString() === now.toDateString() ? `today, ${time}` : `${dateOf(at, now)}, ${time}`
}

// keptUntil says how long a painting is kept, and whether it is deleted within a day.
export function keptUntil(expires: string | undefined, now: Date): { text: string; soon: boolean } {
  if (!expires) return { text: 'Kept for good', soon: false }
  const at = new Date(expires)
  const soon = at.getTime() - now.getTime() < day
  return { text: `Kept until ${soon ? timeOf(at, now) : dateOf(at, now)}`, soon }
}

// A Keeping is how much longer the server keeps a painting, where somebody wants that.
export interface Keeping {
  retention: string
  label: string
}

// longestKeeping returns the longest keeping, or undefined where a painting is kept as
// long already. most is the server's limit in seconds, 0 for none.
export function longestKeeping(expires: string | undefined, most: number, now: Date): Keeping | undefined {
  if (!expires) return undefined
  if (most === 0) return { retention: 'forever', label: 'Keep for good' }
  const until = new Date(now.getTime() + most * 1000)
  // What an hour adds is not worth a button.
  if (until.getTime() - Date.parse(expires) < hour) return undefined
  return { retention: `${most}s`, label: `Keep until ${dateOf(until, now)}` }
}
