// What the server refuses, in words.
import type { components } from './schema'

type Code = components['schemas']['Problem']['code']

// Plain words for problems that come from how busy the server is. The server's own
// detail is shown for all others.
const words: Partial<Record<Code, string>> = {
  rate_limited: 'The server gets too many requests at once.',
  queue_full: 'The queue is full. Your picture is kept here: try again in a few minutes.',
  owner_queue: 'Too many of your paintings wait already. Try again when one is finished, or stop one.',
  too_many_events: 'The server has too many pages open. Close some to see here how far your paintings are.',
  busy: 'The server is busy.',
  unavailable: 'The server is not ready.',
  no_space: 'The disk of the server is full. Delete paintings that you do not need.',
  not_found: 'This no longer exists on the server.',
}

export const unreachable = 'Connection lost. Paintings in the queue are safe.'

// Statuses of a proxy whose server does not answer.
const gateway = [502, 503, 504]

// Problem is an answer that is an error, or a request that got no answer, whose
// status is 0.
export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly code?: Code,
    // Seconds after which to try again, where the server says so.
    readonly retryAfter = 0,
  ) {
    const noAnswer = status === 0 || (!code && gateway.includes(status))
    super(noAnswer ? unreachable : ((code && words[code]) ?? sentence(detail)))
  }

  // Whether the same request may succeed soon without anybody doing something.
  get passes(): boolean {
    return this.status === 0 || gateway.includes(this.status) || this.code === 'rate_limited' || this.code === 'too_many_events'
  }
}

// Locked is the error of a request without a session, on a server with keys. The
// page then shows the form for the key, so that the error needs no words.
export class Locked extends Error {}

// sentence makes a sentence of a message, which begins in lower case.
export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(first) ? first : `${first}.`
}
