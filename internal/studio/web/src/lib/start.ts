// Submitting a painting of pictures that the server has already.
import * as api from './api'
import { persist } from './backoff'
import { jobs } from './jobs.svelte'
import { router } from './route.svelte'

const tries = 4

// start submits a painting and shows it. A lost answer makes no second painting.
export async function start(s: api.Submission): Promise<void> {
  const key = [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(16)).join('-')
  const j = await persist(() => api.submit(s, key), tries, () => {})
  jobs.put(j)
  router.go({ view: 'painting', id: j.id })
}
