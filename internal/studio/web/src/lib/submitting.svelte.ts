// Sending the draft to the server, which takes a while where pictures are large or the
// connection is slow. It goes on while a person looks at something else.
import * as api from './api'
import { persist } from './backoff'
import { draft } from './draft.svelte'
import { estimates } from './estimate.svelte'
import { jobs } from './jobs.svelte'
import { forgetUploads } from './upload'
import { Locked, Problem, unreachable } from './problem'

// How often a submission is sent while the server does not answer.
const tries = 6

class Submitting {
  active = $state(false)
  // The share of the pictures that has been sent, from 0 to 1.
  share = $state(0)
  // Why it takes long.
  trouble = $state('')
  // Why the draft was not sent.
  error = $state('')
  #stop: AbortController | undefined

  cancel(): void {
    this.#stop?.abort()
  }

  // paint submits the draft and returns its job, or undefined where it was not sent.
  async paint(): Promise<api.Job | undefined> {
    if (this.active) return undefined
    this.active = true
    this.share = 0
    this.error = ''
    this.#stop = new AbortController()
    const { signal } = this.#stop
    try {
      const j = await unless(signal, this.#send(signal))
      draft.renew()
      jobs.put(j)
      return j
    } catch (e) {
      if (signal.aborted) {
        draft.renew() // the next painting is another one: this one may arrive, and is removed then
      } else if (!(e instanceof Locked)) {
        this.error = reasonOf(e)
        estimates.again() // which may know more of why
      }
      return undefined
    } finally {
      this.active = false
      this.trouble = ''
    }
  }

  async #send(signal: AbortSignal): Promise<api.Job> {
    const send = () => persist(() => this.#submit(signal), tries, (p, seconds) => (this.trouble = `${p.message} Sending again in ${seconds} seconds.`))
    try {
      return await send()
    } catch (e) {
      forgetUploads() // the server may have them no longer
      if (!(e instanceof Problem) || e.code !== 'key_conflict') throw e
      draft.renew() // an answer was lost, and the draft is another one since
      return send()
    }
  }

  async #submit(signal: AbortSignal): Promise<api.Job> {
    signal.throwIfAborted()
    const submission = await draft.submission(undefined, undefined, { progress: (share) => (this.share = share), signal })
    signal.throwIfAborted()
    const j = await api.submit(submission, draft.key)
    if (!signal.aborted) return j
    await api.remove(j.id) // it was cancelled while the server answered
    throw signal.reason
  }
}

// unless returns what a promise does, or fails at once when the signal aborts.
function unless<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const stopped = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
  return Promise.race([promise, stopped])
}

// reasonOf says why a draft was not sent.
function reasonOf(e: unknown): string {
  if (!(e instanceof Error)) return String(e)
  return e.message === unreachable ? 'Not sent: no connection.' : e.message
}

export const submitting = new Submitting()
