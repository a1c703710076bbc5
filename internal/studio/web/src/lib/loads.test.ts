import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Loads } from './loads.svelte'
import { Locked, Problem } from './problem'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('each part is asked for until it arrives', async () => {
  const loads = new Loads()
  const [recipes, examples] = [vi.fn(), vi.fn()]
  const answer = vi.fn().mockRejectedValueOnce(new Problem(500, 'internal')).mockRejectedValueOnce(new Problem(503, 'down')).mockResolvedValue(['starry night'])
  await Promise.all([loads.load('recipes', async () => ['fine'], recipes), loads.load('examples', answer, examples)])
  expect(recipes).toHaveBeenCalledWith(['fine'])
  expect(examples).not.toHaveBeenCalled()
  expect(loads.trouble).toBe('Internal.')
  await vi.runAllTimersAsync()
  expect(examples).toHaveBeenCalledWith(['starry night'])
  expect(loads.trouble).toBe('')
})

test('without a session, nothing is asked for again', async () => {
  const loads = new Loads()
  const answer = vi.fn().mockRejectedValue(new Locked())
  await expect(loads.load('session', answer, () => {})).rejects.toBeInstanceOf(Locked)
  expect(answer).toHaveBeenCalledOnce()
  expect(loads.trouble).toBe('')
})
