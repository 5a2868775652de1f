/** The whole engine between an application and a peer: first one that keeps every rule, then what mutation makes of it. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ConnectionOptions } from '../../src/protocol/index.ts'
import { OnConsumption } from '../protocol/on-consumption.ts'
import { Conversation, script } from './conversation.ts'
import { type Event, Run } from './engine-run.ts'
import { chunkLengths, type Mutation, mutate, mutations } from './mutation.ts'
import { FUZZ_TIMEOUT, fuzz } from './rounds.ts'

const options: fc.Arbitrary<ConnectionOptions> = fc.record({
  enablePush: fc.constant(true),
  windowManager: fc.constantFrom(undefined, OnConsumption),
  settings: fc.record({ initialWindowSize: fc.constantFrom(1_048_576, 500, 0, 5000) }),
  limits: fc.record({ connectionWindowSize: fc.constantFrom(16_777_216, 65_535) }),
  keepAlive: fc.constantFrom(undefined, false as const, { interval: 40, timeout: 10_000 }),
})

function replay(given: ConnectionOptions, tape: readonly Event[], lengths: readonly number[]): Run {
  const run = new Run(given, lengths)
  for (const event of tape) run.play(event)
  return run
}

/** The peer's part of a tape, mutated; the calls stay where they are. */
function mutateTape(tape: readonly Event[], changes: readonly Mutation[]): Event[] {
  const said = tape.filter((event) => event instanceof Uint8Array)
  const changed = mutate(said, changes)
  return tape.map((event) => (event instanceof Uint8Array ? changed.shift()! : event))
}

/** What is sent and told may not grow faster than what came in and was asked. */
function checkWork(run: Run, tape: readonly Event[], applied: number): void {
  const asked = tape.length + run.owners.length
  expect(run.calls).toBeLessThanOrEqual(run.received + 8 * asked + 8)
  expect(run.sent).toBeLessThanOrEqual(5 * run.received + 2 * applied + 200 * asked + 300)
}

/** What was wrong with what was sent. A reset that was asked for before the peer's end arrived may follow it (RFC 9113 §5.1). */
function illegal(run: Run): string[] {
  return run.validator.faults.filter((fault) => !fault.startsWith('RST_STREAM on a closed stream'))
}

/** What depends on the reading of a promise that was mutated, or on frames that stand behind a fatal one. */
const MISREAD = /^GOAWAY last stream|^RST_STREAM on an idle stream|^RST_STREAM behind that of the peer/

/** The same for octets that were mutated. */
function illegalOfMutated(run: Run): string[] {
  return illegal(run).filter((fault) => !MISREAD.test(fault))
}

/**
 * What chunks may not change. When credit is announced may depend on them,
 * unless all of it always is.
 */
function comparable(run: Run, given: ConnectionOptions): string[] {
  if (given.windowManager !== undefined) return run.transcript
  return run.transcript.filter((line) => !line.startsWith('sent '))
}

/** Octets that the application gave to be sent. */
function written(tape: readonly Event[]): number {
  let sum = 0
  for (const event of tape) {
    if (!(event instanceof Uint8Array) && 'call' in event && event.call === 'write') sum += event.length
  }
  return sum
}

/** RFC 9113 §6.9: whatever was opened, sent, reset and consumed, every octet is given back once. */
function checkLedger(run: Run, given: ConnectionOptions): void {
  if (run.closedTimes > 0) return
  for (const owner of run.owners) owner.stream?.consume(1_000_000)
  run.play({ pull: 65_536 })
  if (given.windowManager !== undefined && run.closedTimes === 0) {
    expect(run.connection.recvWindow).toBe(given.limits?.connectionWindowSize)
  }
}

it('a peer that keeps every rule is never blamed, and every octet is accounted for', {
  timeout: FUZZ_TIMEOUT,
}, async () => {
  const property = fc.property(options, script, chunkLengths, (given, steps, lengths) => {
    const run = new Run(given, lengths)
    const conversation = new Conversation(run)
    conversation.play(steps)
    expect(run.faults).toEqual([])
    expect(run.closedWith).toBeUndefined()
    // NO_ERROR stops an upload, REFUSED_STREAM a push; CANCEL is what the application asks for.
    expect(conversation.resets.filter((code) => code !== 0 && code !== 7 && code !== 8)).toEqual([])
    checkLedger(run, given)
    run.finish()
    expect(illegal(run)).toEqual([])
    expect(run.faults).toEqual([])
    checkWork(run, conversation.tape, written(conversation.tape))
  })
  await fuzz(property, 1000)
})

it('whatever becomes of the octets, every owner is told one end and what is sent is legal', {
  timeout: FUZZ_TIMEOUT,
}, async () => {
  const property = fc.property(options, script, mutations, chunkLengths, (given, steps, changes, lengths) => {
    const conversation = new Conversation(new Run(given, []))
    conversation.play(steps)
    const tape = mutateTape(conversation.tape, changes)
    const whole = replay(given, tape, [])
    const cut = replay(given, tape, lengths)
    for (const run of [whole, cut]) {
      checkLedger(run, given)
      run.finish()
      expect(run.faults).toEqual([])
      checkWork(run, tape, written(tape))
    }
    expect(illegalOfMutated(whole)).toEqual([])
    expect(comparable(cut, given)).toEqual(comparable(whole, given))
  })
  await fuzz(property, 1000)
})
