// Trying again after failures that pass.
import { Problem } from './problem'

const shortest = 1000
const longest = 30_000

// delay returns the milliseconds to wait after so many failures in a row: twice as
// long each time, and at least as long as the server asks. A random part spreads the
// pages that lost the same server.
export function delay(failures: number, retryAfter: number, random = Math.random): number {
  const most = Math.min(longest, shortest * 2 ** failures)
  return retryAfter * 1000 + most * (0.5 + random() / 2)
}

// pause resolves after a time, or when the signal aborts.
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
  })
}

// persist runs something until it succeeds, fails for good, or has failed tries
// times. It tells of each failure, with the seconds until the next try. passes says
// which failures are worth another try.
export async function persist<T>(run: () => Promise<T>, tries: number, failed: (e: Error, seconds: number) => void, passes = passing): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await run()
    } catch (e) {
      if (!(e instanceof Error) || !passes(e) || failures + 1 >= tries) throw e
      const wait = delay(failures, e instanceof Problem ? e.retryAfter : 0)
      failed(e, Math.ceil(wait / 1000))
      await pause(wait)
    }
  }
}

const passing = (e: Error) => e instanceof Problem && e.passes
