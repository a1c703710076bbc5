// A program that compiles only where the generated types are of use: required
// fields are required, choices are unions, and events tell each other apart.
import type { components, operations } from './schema'

type Job = components['schemas']['Job']
type Problem = components['schemas']['Problem']
type Submission = components['schemas']['Submission']
type Recipe = components['schemas']['Recipe']
type Followed = operations['followJobs']['responses'][200]['content']['text/event-stream'][number]

export function describe(job: Job): string {
  const states: Record<Job['state'], string> = {
    queued: `waits at place ${job.waiting?.position ?? '?'}`,
    running: `step ${job.progress?.step ?? 0}`,
    done: job.result?.url ?? '',
    failed: job.error ?? '',
    cancelled: 'cancelled',
  }
  const first: number | undefined = job.inputs[0]?.width
  return `${job.id} ${states[job.state]} ${first ?? 0} ${job.created.slice(0, 4)}`
}

export function next(event: Followed): string {
  switch (event.event) {
    case 'job':
      return event.data.job.state
    case 'progress':
      return String(event.data.progress.costs.total)
    case 'preview':
      return event.data.progress.preview
    case 'deleted':
      return event.data.id
    case 'ready':
      return ''
  }
}

export function retry(problem: Problem): boolean {
  return problem.code === 'queue_full' || problem.status === 503
}

const recipe: Recipe = { name: 'fine', colors: 'match', optimizer: 'lbfgs', style_cost: 'gram' }
export const submission: Submission = { styles: [{ file: 'a' }], options: { recipe, seed: 3 } }

// @ts-expect-error styles are required
export const without: Submission = {}
// @ts-expect-error the state is no such choice
export const wrong: Job['state'] = 'dreaming'
// @ts-expect-error the colours are no such choice
export const gaudy: Recipe = { colors: 'gaudy' }
