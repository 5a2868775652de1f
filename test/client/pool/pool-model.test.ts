/**
 * The whole pool as a model: dials, servers and callers do anything in any
 * order, and what must be true is looked at after every step. In the suite some
 * hundreds of runs; `npm run model` makes a hundred thousand.
 */
import fc from 'fast-check'
import { test, vi } from 'vitest'
import { settled } from '../../support/virtual-clock.ts'
import { type Asked, DIALS, type Origin, PoolWorld, type Server } from './pool-world.ts'

const RUNS = Number(process.env.MODEL_RUNS ?? 300)
const SEED = Number(process.env.MODEL_SEED ?? 9113)
const PATH = process.env.MODEL_PATH

/** A number that picks one of those there are, the first more often than others. */
const pick = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(11) })
const few = fc.integer({ min: 1, max: 4 })
/** What comes of a dial: mostly a connection. */
const outcome = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.nat(DIALS.length - 1) },
)

function commands<T extends string>(weight: number, names: readonly T[], times: fc.Arbitrary<number>) {
  return { weight, arbitrary: fc.record({ do: fc.constantFrom(...names), origin: pick, times, which: pick }) }
}

const command = fc.oneof(
  commands(24, ['request'], few),
  commands(6, ['abort', 'read', 'cancel'], few),
  commands(9, ['dials', 'decide'], outcome),
  commands(24, ['answer', 'answer', 'begin', 'refuse', 'want h1'], few),
  commands(10, ['settings'], fc.nat(4)),
  commands(15, ['goaway', 'goaway', 'goaway', 'goaway with an error', 'calm'], fc.nat(3)),
  commands(8, ['lose', 'end'], few),
  commands(18, ['wait'], fc.nat(6)),
  commands(1, ['close', 'destroy'], few),
)
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

const SPANS = [1, 50, 150, 500, 1_100, 5_000, 35_000]

function at<T>(items: readonly T[], which: number): T | undefined {
  return items.length === 0 ? undefined : items[which % items.length]
}

/** One step of the world. */
async function step(world: PoolWorld, given: Command): Promise<void> {
  const origin = at(world.origins, given.origin)!
  const server = at(origin.open, given.which)
  if (given.do === 'request') ask(world, origin, given)
  else if (given.do === 'dials') origin.next = DIALS[given.times]!
  else if (given.do === 'decide') at([...origin.pending], given.which)?.decide(DIALS[given.times]!)
  else if (given.do === 'wait') await world.elapse(SPANS[given.times]!)
  else if (given.do === 'close') void world.client.close()
  else if (given.do === 'destroy') world.client.destroy(new Error('enough'))
  else if (given.do === 'settings') {
    origin.streams = [undefined, 0, 1, 3, 100][given.times]
    if (server?.http2 === true && origin.streams !== undefined) server.greet()
  } else if (server !== undefined) serve(server, given)
  const asked = at([...world.asked.values()], given.which + given.origin)
  if (asked !== undefined) call(world, asked, given.do)
  await settled()
}

function ask(world: PoolWorld, origin: Origin, { times, which }: Command): void {
  for (let i = 0; i < times; i++) world.request(origin, which % 2 === 0 ? 'GET' : 'POST')
}

function call(world: PoolWorld, asked: Asked, what: string): void {
  if (what === 'abort') asked.controller.abort(new Error('aborted'))
  else if (what === 'read') world.finish(asked, true)
  else if (what === 'cancel') world.finish(asked, false)
}

function serve(server: Server, { do: what, times }: Command): void {
  const ids = [...server.open.keys()].slice(0, times)
  if (what === 'answer') for (const id of ids) server.answer(id, true)
  else if (what === 'begin') for (const id of ids) server.answer(id, false)
  else if (what === 'refuse') for (const id of ids) server.refuse(id)
  else if (what === 'want h1') for (const id of ids) server.refuse(id, 13)
  else if (what === 'goaway') server.drain(times, 0)
  else if (what === 'goaway with an error') server.drain(times, 2)
  else if (what === 'calm') server.drain(times, 11)
  else if (what === 'lose') server.lose()
  else if (what === 'end') server.end()
}

/** Loads what speaks HTTP/1.1, which takes time that no clock of ours knows. */
async function warm(): Promise<void> {
  const world = new PoolWorld({ perOrigin: 1, all: 1 })
  for (const origin of world.origins) origin.helpful = true
  world.request(world.origins[2]!, 'GET')
  while (world.asked.get('/0')!.outcome === undefined) await settled()
  world.client.destroy()
}

/** The same numbers from the same seed, where jitter is wanted. */
function seeded(): () => number {
  let state = 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

const setup = fc.record({
  perOrigin: fc.integer({ min: 1, max: 3 }),
  all: fc.integer({ min: 2, max: 6 }),
  keepAlive: fc.boolean(),
  idempotent: fc.boolean(),
})

test('whatever dials, servers and callers do: all settles, nothing storms, limits hold, nothing is left', {
  timeout: 60_000 + RUNS * 60,
}, async () => {
  await warm()
  const random = vi.spyOn(Math, 'random')
  try {
    await fc.assert(
      fc.asyncProperty(
        setup,
        fc.array(command, { minLength: 5, maxLength: 80, size: 'max' }),
        async (how, steps) => {
          random.mockImplementation(seeded())
          const world = new PoolWorld(how, {
            retry: { idempotent: how.idempotent },
            ...(how.keepAlive ? {} : { keepAlive: false as const }),
          })
          for (const each of steps) {
            await step(world, each)
            world.check()
          }
          await world.end()
        },
      ),
      { numRuns: RUNS, seed: SEED, ...(PATH === undefined ? {} : { path: PATH }) },
    )
  } finally {
    random.mockRestore()
  }
})
