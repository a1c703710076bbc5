// How far a painting is, in words.
import type { Progress } from './api'
import { duration } from './recipe'

// passOf says which pass over the picture this is, and what it paints.
export function passOf(p: Progress): string {
  const size = `${p.width} × ${p.height}`
  if (p.scales === 1) return `${size} pixels`
  const what = p.scale === 1 ? 'rough shapes' : p.scale === p.scales ? 'fine detail' : 'shapes and strokes'
  return `Pass ${p.scale} of ${p.scales}: ${what} (${size})`
}

// frameOf says which frame of a video is painted. A step of a video is a frame.
export const frameOf = (p: Pick<Progress, 'step' | 'steps'>) => `Frame ${Math.min(p.step + 1, p.steps)} of ${p.steps}`

// secondsLeft returns how long a painting still takes: as its worker says, or before
// that as it was estimated when it began.
export function secondsLeft(p: Progress | undefined, started: string | undefined, estimate: number | undefined, now: number): number | undefined {
  if (p?.seconds_left !== undefined) return p.seconds_left
  if (estimate === undefined || !started) return undefined
  return Math.max(1, estimate - (now - Date.parse(started)) / 1000)
}

// leftWords says how long a painting still takes.
export function leftWords(p: Progress | undefined, seconds: number | undefined): string {
  if (p && p.step >= p.steps) return 'finishing'
  return seconds === undefined ? '' : `${duration(seconds)} left`
}

// queueWords says where in the queue a painting is, and when it begins.
export function queueWords(position: number, seconds: number | undefined): string {
  const ahead = position === 1 ? 'next' : `${position - 1} ahead`
  return `In line: ${ahead}${seconds === undefined ? '' : `, begins in ${duration(seconds)}`}.`
}
