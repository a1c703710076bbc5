// One stream of events for all tabs of a browser. Browsers open at most six connections
// to a server, so that a seventh tab with a stream of its own would wait for ever.
//
// A lock elects the tab that holds the stream: the leader. It passes every event on to
// the others through a channel. A tab that is closed gives the lock back. A leader that
// is not heard of, such as one that the browser froze, loses the lock to another tab.
import type { EventSourceMessage } from 'eventsource-parser'
import { delay, pause } from './backoff'
import { alive, follow, silence, troubleOf } from './follow'
import { Locked } from './problem'

// answerWithin is how long a leader may take to answer a new tab, in milliseconds.
const answerWithin = 3000
const lockName = 'pastiche-events'

type Event = Pick<EventSourceMessage, 'event' | 'data'>

// A Message goes through the channel. One with an addressee is for that tab alone.
type Message = { hello: string } | { to?: string; event: Event } | { to?: string; trouble: string }

// Tabs are the means by which tabs of a browser know of each other.
export interface Tabs {
  locks: Pick<LockManager, 'request'>
  open: () => BroadcastChannel
}

// tabsOf returns those of this browser. It returns undefined for a page that came by
// plain HTTP from another machine, where browsers have no locks.
export function tabsOf(): Tabs | undefined {
  if (!navigator.locks) return undefined
  return { locks: navigator.locks, open: () => new BroadcastChannel(lockName) }
}

type Open = (signal: AbortSignal) => Promise<Response>
type Tell = (e: Event) => void | Promise<void>
type Lost = (trouble: string) => void

// share passes the events of one stream to tell in all tabs until the signal aborts or
// the session has ended. tell hears "ready" at the start and after each gap. lost gets
// what to say while no events arrive, or ''. Without tabs, the stream is this tab's own.
export async function share(open: Open, tell: Tell, lost: Lost, signal: AbortSignal, tabs = tabsOf()): Promise<void> {
  const told = inOrder(tell)
  if (!tabs) return follow(open, told, (error, failures) => lost(troubleOf(error, failures)), signal)
  const channel = tabs.open()
  try {
    for (let steal = false; !signal.aborted; ) {
      const turn = new AbortController()
      const end = AbortSignal.any([signal, turn.signal])
      const leads = new AbortController()
      const unheard = listen(channel, told, lost, AbortSignal.any([end, leads.signal]))
      const led: Promise<unknown> = tabs.locks.request(lockName, steal ? { steal } : { signal: end }, () => {
        leads.abort()
        return lead(channel, open, told, lost, end)
      })
      const outcome = await Promise.race([led.then(() => 'ended'), unheard]).catch(() => 'stolen')
      turn.abort()
      led.catch(() => {}) // its request is withdrawn
      if (outcome === 'ended') return
      steal = outcome === 'unheard'
    }
  } finally {
    channel.close()
  }
}

// lead holds the stream, and passes it on.
async function lead(channel: BroadcastChannel, open: Open, tell: Tell, lost: Lost, signal: AbortSignal): Promise<void> {
  const post = (m: Message) => {
    if (!signal.aborted) channel.postMessage(m)
  }
  let state: { event: Event } | { trouble: string } = { event: { event: alive, data: '' } }
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if ('hello' in data) post({ to: data.hello, ...state })
  }
  await follow(
    open,
    (event) => {
      post({ event: { event: event.event, data: event.data } })
      if (event.event === 'ready') state = { event: { event: 'ready', data: event.data } }
      return tell(event)
    },
    (error, failures) => {
      const trouble = troubleOf(error, failures)
      state = { trouble }
      post(state)
      lost(trouble)
    },
    signal,
  )
}

// listen hears what the leader passes on, until the signal aborts. It resolves when the
// leader is silent.
function listen(channel: BroadcastChannel, tell: Tell, lost: Lost, signal: AbortSignal): Promise<'unheard'> {
  return new Promise((resolve) => {
    const self = crypto.randomUUID()
    let failures = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const wait = (time: number) => {
      clearTimeout(timer)
      timer = setTimeout(() => resolve('unheard'), time)
    }
    const greet = () => {
      wait(answerWithin)
      channel.postMessage({ hello: self } satisfies Message)
    }
    channel.onmessage = async ({ data }: MessageEvent<Message>) => {
      if ('hello' in data || (data.to && data.to !== self)) return
      wait(silence)
      if ('trouble' in data) return lost(data.trouble)
      try {
        await tell(data.event)
        failures = 0
      } catch (e) {
        if (signal.aborted || e instanceof Locked) return
        lost(troubleOf(e, failures))
        await pause(delay(failures++, 0), signal)
        if (!signal.aborted) greet()
      }
    }
    signal.addEventListener('abort', () => clearTimeout(timer))
    greet()
  })
}

// inOrder makes a listener hear one event after another.
function inOrder(tell: Tell): (e: Event) => Promise<void> {
  let last: Promise<void> = Promise.resolve()
  return (e) => {
    const next = last.catch(() => {}).then(() => tell(e))
    last = next
    return next
  }
}
