import { expect, test } from 'vitest'
import { Frames } from './frames.svelte'

// A server answers when it is told to.
class Server {
  asked: number[] = []
  aborted: number[] = []
  released: number[] = []
  #answers = new Map<number, { good: (n: number) => void; bad: (e: Error) => void }>()

  frames = (count: number) =>
    new Frames<number>(
      count,
      (n, signal) => {
        this.asked.push(n)
        signal.addEventListener('abort', () => this.aborted.push(n))
        return new Promise((good, bad) => this.#answers.set(n, { good, bad }))
      },
      (n) => this.released.push(n),
    )

  async answer(n: number, error?: Error): Promise<void> {
    const a = this.#answers.get(n)
    this.#answers.delete(n)
    if (error) a?.bad(error)
    else a?.good(n)
    await new Promise((done) => setTimeout(done))
  }

  // answerAll answers until nothing more is asked.
  async answerAll(): Promise<void> {
    while (this.#answers.size > 0) for (const n of [...this.#answers.keys()]) await this.answer(n)
  }
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

test('frames are loaded in the order in which they are shown, a few at a time', async () => {
  const server = new Server()
  const frames = server.frames(900)
  frames.attend(100)
  expect(server.asked).toEqual([100, 101, 102])
  await server.answer(101)
  expect(server.asked).toEqual([100, 101, 102, 103])
  expect([frames.get(100), frames.get(101)]).toEqual([undefined, 101])
  await server.answerAll()
  expect(server.asked).toEqual([...range(100, 132), ...range(92, 99).reverse()])
})

test('what is far from the frame that is shown is freed, or not loaded any more', async () => {
  const server = new Server()
  const frames = server.frames(900)
  frames.attend(0)
  await server.answerAll()
  expect(frames.has(899)).toBe(true) // the first follows the last
  frames.attend(20)
  expect(server.released.sort((a, b) => a - b)).toEqual([...range(0, 11), ...range(892, 899)])
  frames.attend(500)
  expect(server.aborted).toEqual([33, 34, 35])
  server.released = []
  await server.answer(33) // too late
  expect(server.released).toEqual([33])
  await server.answerAll()
  server.released = []
  frames.close()
  expect(server.released.sort((a, b) => a - b)).toEqual(range(492, 532))
})

test('a short video is loaded once', async () => {
  const server = new Server()
  const frames = server.frames(4)
  frames.attend(0)
  await server.answerAll()
  for (const n of [1, 2, 3, 0]) frames.attend(n)
  expect(server.asked).toEqual([0, 1, 2, 3])
  expect(server.released).toEqual([])
})

test('after a failure nothing is loaded until it is tried again', async () => {
  const server = new Server()
  const frames = server.frames(9)
  frames.attend(0)
  await server.answer(1, new Error('no answer'))
  expect(frames.trouble).toBe('no answer')
  await server.answer(0)
  expect(server.asked).toEqual([0, 1, 2])
  frames.again()
  await server.answerAll()
  expect(range(0, 8).every((n) => frames.has(n))).toBe(true)
})
