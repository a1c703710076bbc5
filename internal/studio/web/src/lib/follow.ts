// A stream of server-sent events that comes back. EventSource gives up for good
// after an answer that is an error, and does not say which it was.
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { delay, pause } from './backoff'
import { Locked, Problem, unreachable } from './problem'

// silence is how long a stream may bring nothing: the server sends a comment every
// 15 seconds.
export const silence = 45_000

// alive is the name of the event that stands for a comment of the server, which it sends
// so that the stream is known to be open.
export const alive = 'alive'

// troubleOf returns what a page says after a failure, or '' where it waits: a stream that
// broke off may be back at once.
export function troubleOf(error: unknown, failures: number): string {
  if (error instanceof Problem) return error.message
  return failures === 0 ? '' : unreachable
}

// follow passes events to tell, one after another, until the signal aborts or the
// session has ended. After a failure, of the stream or of tell, it opens the stream
// again: lost gets the error, or undefined where the server ended the stream, and how
// many failures came before it in a row.
export async function follow(
  open: (signal: AbortSignal) => Promise<Response>,
  tell: (e: EventSourceMessage) => void | Promise<void>,
  lost: (error: unknown, failures: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; ; failures++) {
    let error: unknown
    try {
      for await (const e of events(await open(signal))) {
        await tell(e)
        failures = 0
      }
    } catch (e) {
      error = e
    }
    if (signal.aborted || error instanceof Locked) return
    lost(error, failures)
    await pause(delay(failures, error instanceof Problem ? error.retryAfter : 0), signal)
    if (signal.aborted) return
  }
}

async function* events(answer: Response): AsyncGenerator<EventSourceMessage> {
  if (!answer.body) return
  const arrived: EventSourceMessage[] = []
  const parser = createParser({
    onEvent: (e) => arrived.push(e),
    onComment: () => arrived.push({ event: alive, data: '' }),
  })
  const text = new TextDecoder()
  const reader = answer.body.getReader()
  try {
    for (;;) {
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Problem(0, '')), silence)
      })
      const { done, value } = await Promise.race([reader.read(), late]).finally(() => clearTimeout(timer))
      if (done) return
      parser.feed(text.decode(value, { stream: true }))
      yield* arrived.splice(0)
    }
  } finally {
    reader.cancel().catch(() => {}) // it may have failed already
  }
}
