// The calls of the HTTP API. The types are those of its OpenAPI document.
import { Locked, Problem } from './problem'
import type { components } from './schema'

type Schemas = components['schemas']
export type Change = Schemas['Change']
export type Curve = Schemas['Curve']
export type Estimate = Schemas['Estimate']
export type EstimateRequest = Schemas['EstimateRequest']
export type Example = Schemas['Example']
export type ExampleList = Schemas['ExampleList']
export type File = Schemas['File']
export type Input = Schemas['Input']
export type JobEvent = Schemas['JobEvent']
export type PreviewEvent = Schemas['PreviewEvent']
export type Progress = Schemas['Progress']
export type ProgressEvent = Schemas['ProgressEvent']
export type Result = Schemas['Result']
export type Sample = Schemas['Sample']
export type Session = Schemas['Session']
export type Source = Schemas['Source']
export type Triple = Schemas['Triple']
export type Video = Schemas['Video']
export type VideoLimits = Schemas['VideoLimits']
export type Submission = Schemas['Submission']
export type Options = Schemas['Options']
export type State = Schemas['Job']['state']
export type Role = Input['role']

// Recipe is a recipe as the server answers it, with all parameters. A client may
// send any part of it.
export type Recipe = Schemas['Recipe'] & Required<Pick<Schemas['Recipe'], 'size' | 'iterations' | 'style_scale'>>
export type Colors = NonNullable<Recipe['colors']>

export type Job = Omit<Schemas['Job'], 'options'> & { options: Options & { recipe: Recipe } }
export type List = Omit<Schemas['List'], 'jobs'> & { jobs: Job[] }
export type RecipeInfo = Omit<Schemas['RecipeInfo'], 'recipe'> & { recipe: Recipe }

const base = '/api/v1'

let token = ''
let known: Session | undefined
let lock = () => {}

// whenLocked sets what happens when a request finds that there is no session.
export function whenLocked(happens: () => void): void {
  lock = happens
}

// Watch follows a request that sends much.
export interface Watch {
  progress?: (share: number) => void // of what is sent, from 0 to 1
  signal?: AbortSignal
}

interface Request {
  body?: BodyInit
  headers?: Record<string, string>
  signal?: AbortSignal
  keepalive?: boolean
  watch?: Watch
}

async function call(method: string, path: string, request: Request = {}): Promise<Response> {
  const send = async () => {
    const { watch, ...rest } = request
    const headers = { ...request.headers, ...(token ? { 'X-Pastiche-Token': token } : {}) }
    try {
      return await (watch ? transfer(method, path, headers, request.body as Blob, watch) : fetch(path, { ...rest, method, headers }))
    } catch {
      watch?.signal?.throwIfAborted()
      throw new Problem(0, '')
    }
  }
  let answer = await send()
  if (answer.status === 403 && token && method !== 'GET') {
    await session() // the server was started again and has another token
    answer = await send()
  }
  if (answer.ok) return answer
  if (answer.status === 401 && path !== loginPath) {
    lock()
    throw new Locked()
  }
  let p: Partial<Schemas['Problem']> = {}
  try {
    p = (await answer.json()) as Schemas['Problem']
  } catch {
    // the answer of a proxy
  }
  throw new Problem(answer.status, p.detail ?? `${answer.status} ${answer.statusText}`, p.code, Number(answer.headers.get('Retry-After')) || 0)
}

// transfer is a fetch that tells how much of its body is sent.
function transfer(method: string, path: string, headers: Record<string, string>, body: Blob, { progress, signal }: Watch): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open(method, path)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.onprogress = (e) => progress?.(e.lengthComputable ? e.loaded / e.total : 0)
    request.onload = () => {
      const retryAfter = request.getResponseHeader('Retry-After')
      resolve(new Response(request.responseText, { status: request.status, statusText: request.statusText, ...(retryAfter ? { headers: { 'Retry-After': retryAfter } } : {}) }))
    }
    request.onerror = request.onabort = () => reject(new Error('no answer'))
    signal?.addEventListener('abort', () => request.abort(), { once: true })
    if (signal?.aborted) reject(new Error('no answer'))
    else request.send(body)
  })
}

async function json<T>(method: string, path: string, request?: Request): Promise<T> {
  return (await (await call(method, path, request)).json()) as T
}

export async function session(): Promise<Session> {
  const s = await json<Session>('GET', `${base}/session`)
  token = s.token ?? ''
  known = s
  return s
}

// knownSession returns the last answer of session.
export const knownSession = () => known

const asJSON = { 'Content-Type': 'application/json' }
const loginPath = `${base}/login`

export async function login(key: string): Promise<void> {
  await call('POST', loginPath, { body: JSON.stringify({ key }), headers: asJSON })
}

export async function logout(): Promise<void> {
  await call('POST', `${base}/logout`)
}

export const recipes = () => json<{ recipes: RecipeInfo[] }>('GET', `${base}/recipes`)
export const examples = () => json<ExampleList>('GET', `${base}/examples`)
export const events = (signal: AbortSignal) => call('GET', `${base}/events`, { signal })

// jobs returns a page of the list. after is the next of the page before.
export function jobs(limit: number, after = ''): Promise<List> {
  return json('GET', `${base}/jobs?limit=${limit}${after && `&after=${encodeURIComponent(after)}`}`)
}

const jobPath = (id: string) => `${base}/jobs/${encodeURIComponent(id)}`

// frame returns the URL of the painting of a frame of a video: whole, or as a JPEG of at
// most 512 pixels.
export const frame = (id: string, n: number, size: '' | 'small' = '') => `${jobPath(id)}/frames/${n}${size && `?size=${size}`}`

// original returns the URL of a frame as it was sent.
export const original = (id: string, n: number, size: '' | 'small' = '') => `${jobPath(id)}/frames/${n}/original${size && `?size=${size}`}`

// video returns the URL of a painted video.
export const video = (id: string) => `${jobPath(id)}/video`

// job returns a job: at once, or when it is finished or a wait of some seconds is over.
export function job(id: string, wait = 0, signal?: AbortSignal): Promise<Job> {
  return json('GET', jobPath(id) + (wait ? `?wait=${wait}` : ''), signal && { signal })
}

export const cancel = (id: string) => json<Job>('POST', `${jobPath(id)}/cancel`)
export const retry = (id: string) => json<Job>('POST', `${jobPath(id)}/retry`)
export const share = (id: string) => json<Job>('POST', `${jobPath(id)}/share`)
export const unshare = (id: string) => json<Job>('DELETE', `${jobPath(id)}/share`)
export const curve = (id: string) => json<Curve>('GET', `${jobPath(id)}/curve`)

// change sets how long a finished job is kept, and its labels; "" removes a label.
export function change(id: string, c: Change): Promise<Job> {
  return json('PATCH', jobPath(id), { body: JSON.stringify(c), headers: asJSON })
}

// estimate asks how long paintings of several sizes take, and which the server paints.
export async function estimate(r: EstimateRequest): Promise<Estimate[]> {
  return (await json<Schemas['Estimates']>('POST', `${base}/estimate`, { body: JSON.stringify(r), headers: asJSON })).sizes
}

// remove deletes a job, also where the page is left meanwhile.
export async function remove(id: string): Promise<void> {
  await call('DELETE', jobPath(id), { keepalive: true })
}

// submit submits a job. Requests with the same key become one job.
export function submit(s: Submission, key: string): Promise<Job> {
  return json('POST', `${base}/jobs`, { body: JSON.stringify(s), headers: { ...asJSON, 'Idempotency-Key': key } })
}

export function upload(picture: Blob, watch: Watch = {}): Promise<File> {
  return json('POST', `${base}/files`, { body: picture, watch, headers: { 'Content-Type': picture.type || 'application/octet-stream' } })
}

// exists reports whether a path of the server can be read.
export async function exists(path: string): Promise<boolean> {
  try {
    await call('HEAD', path)
    return true
  } catch (e) {
    if (e instanceof Problem && !e.passes) return false
    throw e
  }
}

// input returns a picture that a job was given, where it has that.
export function input(j: Job, role: Role, number = 0): Input | undefined {
  return j.inputs.find((i) => i.role === role && i.number === number)
}

// inputs returns the pictures of a role, in their order.
export function inputs(j: Job, role: Role): Input[] {
  return j.inputs.filter((i) => i.role === role).sort((a, b) => a.number - b.number)
}
