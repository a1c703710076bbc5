// What the server says and takes: the types of /api/v1/openapi.json that the
// page uses, and the calls.

export type State = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

export interface Costs {
  content: number
  style: number
  variation: number
  total: number
}

export interface Progress {
  scale: number
  scales: number
  iteration: number
  iterations: number
  step: number
  steps: number
  width: number
  height: number
  faces?: number // that are kept
  costs: Costs
  seconds_left?: number // where that is known
}

export interface Sample {
  step: number
  content: number
  style: number
  total: number
}

// The parameters of a recipe that the page sets or reads; it has more.
export interface Recipe {
  name: string
  size: number
  first_size?: number
  scale_step?: number
  iterations: number
  first_iterations?: number
  final_iterations?: number
  style_scale: number
  first_style_scale?: number
  colors?: Colors
  faces?: Faces
}

export type Colors = 'style' | 'content' | 'match'
export type Faces = 'keep' | 'ignore'

export interface Options {
  recipe: Partial<Recipe>
  strength?: number // from 0 to 1; balanced, 0.5, where it is left out
  weights?: number[]
  seed: number
}

export interface Job {
  id: string
  state: State
  created: string
  started?: string
  finished?: string
  options: Options & { recipe: Recipe }
  content: boolean
  styles: number
  progress: Progress | null
  error?: string
  width?: number
  height?: number
  steps?: number
  faces?: number // that were kept
  costs?: Costs
  preview?: number
  curve?: Sample[]
}

export interface Session {
  token: string
  version: string
  keys: boolean
  limits: { bytes: number; pixels: number; styles: number }
}

export interface RecipeEntry {
  name: string
  title: string
  description: string
  recipe: Recipe
}

export interface Example {
  title: string
  by: string
  url: string
}

const base = '/api/v1'

// Problem is what the server says went wrong.
export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail)
  }
}

let token = ''

async function call(method: string, path: string, body?: BodyInit, type?: string): Promise<Response> {
  const send = () => {
    const headers = new Headers()
    if (token) headers.set('X-Pastiche-Token', token)
    if (type) headers.set('Content-Type', type)
    return fetch(base + path, { method, headers, ...(body === undefined ? {} : { body }) })
  }
  let answer: Response
  try {
    answer = await send()
    if (answer.status === 403 && method !== 'GET' && path !== '/login') {
      await session() // the server was started again, and has another token
      answer = await send()
    }
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    throw new Problem(0, 'That did not reach the server. Try again in a moment.')
  }
  if (answer.ok) return answer
  let detail = answer.statusText
  try {
    detail = ((await answer.json()) as { detail?: string }).detail ?? detail
  } catch {
    // not a problem in words
  }
  throw new Problem(answer.status, detail)
}

async function get<T>(path: string): Promise<T> {
  return (await (await call('GET', path)).json()) as T
}

export async function session(): Promise<Session> {
  const s = await get<Session>('/session')
  token = s.token
  return s
}

export async function login(key: string): Promise<void> {
  await call('POST', '/login', JSON.stringify({ key }), 'application/json')
}

export async function logout(): Promise<void> {
  await call('POST', '/logout')
}

export async function recipes(): Promise<RecipeEntry[]> {
  return (await get<{ recipes: RecipeEntry[] }>('/recipes')).recipes
}

export async function examples(): Promise<{ paintings: Example[]; photos: Example[] }> {
  return get('/examples')
}

export async function jobs(): Promise<Job[]> {
  return (await get<{ jobs: Job[] }>('/jobs?limit=200')).jobs
}

export async function job(id: string): Promise<Job> {
  return get(`/jobs/${id}`)
}

export async function submit(form: FormData): Promise<Job> {
  return (await (await call('POST', '/jobs', form)).json()) as Job
}

export async function cancel(id: string): Promise<Job> {
  return (await (await call('POST', `/jobs/${id}/cancel`)).json()) as Job
}

export async function retry(id: string): Promise<Job> {
  return (await (await call('POST', `/jobs/${id}/retry`)).json()) as Job
}

export async function remove(id: string): Promise<void> {
  await call('DELETE', `/jobs/${id}`)
}

export const eventsURL = `${base}/events`
export const resultURL = (id: string) => `${base}/jobs/${id}/result`
export const downloadURL = (id: string) => `${base}/jobs/${id}/result?download=true`
export const contentURL = (id: string, size: number) => `${base}/jobs/${id}/content?size=${size}`
export const styleURL = (id: string, n: number, size: number) => `${base}/jobs/${id}/styles/${n}?size=${size}`
export const previewURL = (id: string, step: number) => `${base}/jobs/${id}/preview?step=${step}`
