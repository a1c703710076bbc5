import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { share, type Tabs } from './leader'
import { Locked, Problem } from './problem'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

// Locks has one lock, as a browser has it.
class Locks {
  held: { lost: (e: unknown) => void } | undefined
  queue: (() => void)[] = []

  request(_: string, options: LockOptions, run: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const hold = () => {
        const holder = { lost: reject }
        this.held = holder
        void run().then(resolve, reject).finally(() => {
          if (this.held !== holder) return
          this.held = undefined
          this.queue.shift()?.()
        })
      }
      if (options.steal) {
        this.held?.lost(new DOMException('stolen', 'AbortError'))
        hold()
      } else if (this.held) {
        this.queue.push(hold)
        options.signal?.addEventListener('abort', () => {
          this.queue = this.queue.filter((q) => q !== hold)
          reject(new DOMException('withdrawn', 'AbortError'))
        })
      } else if (!options.signal?.aborted) hold()
    })
  }
}

// Browser has tabs that hear each other, except for those that are frozen.
class Browser {
  locks = new Locks()
  channels = new Set<{ onmessage?: (e: { data: unknown }) => unknown; frozen: boolean }>()
  streams = 0
  opened: ReadableStreamDefaultController[] = []
  refuse: Error | undefined

  tab() {
    const heard: string[] = []
    const lost: string[] = []
    const abort = new AbortController()
    let channel: { onmessage?: (e: { data: unknown }) => unknown; frozen: boolean } | undefined
    const tabs = {
      locks: this.locks,
      open: () => {
        const self = {
          frozen: false,
          postMessage: (data: unknown) => {
            if (self.frozen) return
            for (const c of this.channels) if (c !== self && !c.frozen) c.onmessage?.({ data: structuredClone(data) })
          },
          close: () => this.channels.delete(self),
        }
        channel = self
        this.channels.add(self)
        return self
      },
    } as unknown as Tabs
    let fail: Error | undefined
    const ended = share(
      async (signal) => {
        if (this.refuse) throw this.refuse
        this.streams++
        let stream!: ReadableStreamDefaultController
        const body = new ReadableStream({ start: (c) => void (stream = c) })
        this.opened.push(stream)
        stream.enqueue(new TextEncoder().encode('event: ready\ndata: {}\n\n'))
        signal.addEventListener('abort', () => {
          this.opened = this.opened.filter((c) => c !== stream)
          stream.error(new Error('aborted'))
        })
        return new Response(body)
      },
      (e) => {
        if (fail) throw fail
        if (e.event !== 'alive') heard.push(e.event + e.data)
      },
      (trouble) => void lost.push(trouble),
      abort.signal,
      tabs,
    )
    return {
      heard,
      lost,
      ended,
      close: () => abort.abort(),
      freeze: (frozen: boolean) => channel && (channel.frozen = frozen),
      fail: (e: Error | undefined) => void (fail = e),
    }
  }

  // say sends an event through the streams that are open.
  say(name: string): void {
    for (const stream of this.opened) stream.enqueue(new TextEncoder().encode(`event: ${name}\ndata: 1\n\n`))
  }
}

const soon = () => vi.advanceTimersByTimeAsync(10)

test('one tab has the stream, and all hear it', async () => {
  const browser = new Browser()
  const tabs = [browser.tab(), browser.tab(), browser.tab()]
  await soon()
  const late = browser.tab()
  await soon()
  browser.say('job')
  await soon()
  for (const tab of [...tabs, late]) expect(tab.heard).toEqual(['ready{}', 'job1'])
  expect(browser.streams).toBe(1)
})

test('when the leader closes, another tab opens the stream', async () => {
  const browser = new Browser()
  const [leader, next] = [browser.tab(), browser.tab()]
  await soon()
  leader.close()
  await leader.ended
  await soon()
  browser.say('job')
  await soon()
  expect(next.heard).toEqual(['ready{}', 'ready{}', 'job1'])
  expect(browser.opened.length).toBe(1)
})

test('a leader that freezes loses the stream, and follows when it thaws', async () => {
  const browser = new Browser()
  const [leader, next] = [browser.tab(), browser.tab()]
  await soon()
  leader.freeze(true)
  await vi.advanceTimersByTimeAsync(46_000)
  expect(browser.streams).toBeGreaterThan(1)
  leader.freeze(false)
  await vi.advanceTimersByTimeAsync(60_000)
  browser.say('job')
  await soon()
  expect(leader.heard.at(-1)).toBe('job1')
  expect(next.heard.at(-1)).toBe('job1')
  expect(browser.opened.length).toBe(1)
})

test('a new tab does not wait for a leader that is frozen', async () => {
  const browser = new Browser()
  const leader = browser.tab()
  await soon()
  leader.freeze(true)
  const next = browser.tab()
  await vi.advanceTimersByTimeAsync(3100)
  expect(next.heard).toEqual(['ready{}'])
})

test('all tabs know that the server does not answer, also new ones', async () => {
  const browser = new Browser()
  browser.refuse = new Problem(502, 'Bad Gateway')
  const tabs = [browser.tab(), browser.tab()]
  await soon()
  tabs.push(browser.tab())
  await soon()
  for (const tab of tabs) expect(tab.lost.at(-1)).toContain('Connection lost')
  browser.refuse = undefined
  await vi.advanceTimersByTimeAsync(35_000)
  for (const tab of tabs) expect(tab.heard.at(-1)).toBe('ready{}')
})

test('a follower that cannot load asks again', async () => {
  const browser = new Browser()
  browser.tab()
  await soon()
  const next = browser.tab()
  next.fail(new Problem(500, 'internal'))
  await soon()
  expect(next.lost).toEqual(['Internal.'])
  next.fail(undefined)
  await vi.advanceTimersByTimeAsync(2000)
  expect(next.heard).toEqual(['ready{}'])
})

test('a leader whose session has ended leaves the lock to the next', async () => {
  const browser = new Browser()
  browser.refuse = new Locked()
  const [leader, next] = [browser.tab(), browser.tab()]
  await soon()
  await Promise.all([leader.ended, next.ended])
  expect(browser.locks.held).toBeUndefined()
})
