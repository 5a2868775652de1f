/**
 * No honest peer is ever sent away, at 10,000 responses a second. In the suite
 * some thousand responses each; SOAK_REQUESTS says how many in the long form
 * (`npm run soak`).
 */
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  Connection,
  type ConnectionSink,
  type Failure,
  type RequestStream,
  type StreamSink,
} from '../../src/protocol/index.ts'
import { concat, PING, PREFACE, ping } from '../support/wire.ts'
import { answer, greeting, HABITS, type Habit, uploadOf } from './honest-peers.ts'

const RESPONSES = Number(process.env.SOAK_REQUESTS ?? 3000)
const TIMEOUT = 60_000 + RESPONSES
const RESPONSES_OF_A_MIX = Math.max(300, RESPONSES / 100)
const RESPONSES_PER_MS = 10
const HEAD = { method: 'POST', scheme: 'https', authority: 'a.test', path: '/', fields: Object.freeze([]) }

/** One request, which takes its content as it comes. */
class Request implements StreamSink {
  stream: RequestStream | undefined = undefined
  id = 0
  over = false

  onOpened(streamId: number): void {
    this.id = streamId
  }
  onInformational(): void {}
  onResponse(): void {}
  onData(_buf: Uint8Array, start: number, end: number): void {
    this.stream!.consume(end - start)
  }
  onTrailers(): void {}
  onWritable(): void {}
  onPush(): undefined {}
  onEnd(): void {
    this.over = true
  }
  onFailure(): void {
    this.over = true
  }
}

/** The octets of each PING among the frames that begin here. Returns where the last whole frame ends. */
function readPings(bytes: Uint8Array, pings: Uint8Array[]): number {
  let at = 0
  while (at + 9 <= bytes.length) {
    const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
    if (at + 9 + length > bytes.length) break
    if (bytes[at + 3] === PING && bytes[at + 4] === 0) pings.push(bytes.slice(at + 9, at + 17))
    at += 9 + length
  }
  return at
}

/** A client that keeps so many requests open, and a server with habits. */
class Conversation implements ConnectionSink {
  readonly #habits: readonly Habit[]
  readonly #connection: Connection
  #now = 1000
  #turn = 0
  /** The beginning of a frame whose rest was not pulled yet. */
  #sent: Uint8Array = new Uint8Array()
  closedWith: Failure | undefined = undefined

  constructor(habits: readonly Habit[]) {
    this.#habits = habits
    this.#connection = new Connection(this, {}, this.#now)
    // The preface is no frame.
    this.#connection.pull(PREFACE.length)
    this.#pull()
    this.#receive(greeting(habits))
  }

  onReady(): void {}
  onDraining(): void {}
  onPong(): void {}
  onNotice(): void {}
  onClosed(failure: Failure | undefined): void {
    this.closedWith = failure
  }

  /** Takes all that there is to send; PINGs are answered. */
  #pull(): void {
    for (let out = this.#connection.pull(65_536); out !== undefined; out = this.#connection.pull(65_536)) {
      this.#sent = this.#sent.length === 0 ? out.slice() : concat(this.#sent, out)
      const pings: Uint8Array[] = []
      this.#sent = this.#sent.subarray(readPings(this.#sent, pings))
      for (const octets of pings) this.#connection.receive(ping(octets, true), this.#now)
    }
  }

  #receive(bytes: Uint8Array): void {
    this.#connection.receive(bytes, this.#now)
    this.#pull()
  }

  #open(): Request {
    const request = new Request()
    const upload = uploadOf(this.#habits)
    const stream = this.#connection.open(HEAD, upload === undefined, request, this.#now)
    request.stream = stream
    if (upload !== undefined) {
      for (let i = 0; i < upload.pieces; i++) {
        stream.write(new Uint8Array(upload.octets / upload.pieces))
        this.#pull()
      }
      stream.end()
    }
    this.#pull()
    return request
  }

  /** A wave of requests, answered one after the other, or all of their frames in turn. */
  wave(size: number, interleaved: boolean): void {
    const requests = Array.from({ length: size }, () => this.#open())
    const turns = requests.map((request, i) => {
      const turn = this.#turn + i
      const cancelled = this.#habits.some((habit) => habit.cancelled?.(turn))
      if (cancelled) {
        request.stream!.reset(8)
        request.over = true
        this.#pull()
      }
      return answer(this.#habits, request.id, turn, cancelled)
    })
    this.#turn += size
    if (!interleaved) {
      for (const frames of turns) {
        this.#now += 1 / RESPONSES_PER_MS
        for (const bytes of frames) this.#receive(bytes)
      }
    } else {
      const most = Math.max(...turns.map((frames) => frames.length))
      for (let i = 0; i < most; i++) {
        for (const frames of turns) if (frames[i] !== undefined) this.#receive(frames[i]!)
      }
      this.#now += size / RESPONSES_PER_MS
    }
    if (this.closedWith === undefined) {
      expect(requests.filter((request) => !request.over).length, 'requests that are not over').toBe(0)
    }
  }

  /** How many responses came, and why the connection ended, if it did. */
  async run(responses: number, size: number): Promise<string> {
    let came = 0
    let waves = 0
    while (came < responses && this.closedWith === undefined) {
      this.wave(size, came % (2 * size) === 0)
      came += size
      waves += 1
      // The test runner wants to hear from its worker.
      if (waves % 100 === 0) await setImmediate()
    }
    return this.closedWith === undefined ? 'as many as wanted' : `${came}, then ${this.closedWith.reason}`
  }
}

describe('an honest peer gets through (RFC 9113 §10.5), 10,000 responses a second:', () => {
  it.each(HABITS.map((habit) => [habit.name, habit] as const))(
    '%s',
    async (_name, habit) => {
      expect(await new Conversation([habit]).run(RESPONSES, 100)).toBe('as many as wanted')
    },
    TIMEOUT,
  )

  it(
    'everything at once',
    async () => {
      expect(await new Conversation(HABITS).run(RESPONSES, 100)).toBe('as many as wanted')
    },
    TIMEOUT,
  )

  it(
    'in waves of thousands',
    async () => {
      for (const habit of HABITS) {
        const peer = new Conversation([habit, { name: 'many at a time', settings: { 3: 100_000 } }])
        const size = uploadOf([habit]) === undefined ? 3000 : 100
        expect(await peer.run(2 * size, size), habit.name).toBe('as many as wanted')
      }
    },
    TIMEOUT * HABITS.length,
  )

  it(
    'any of them together',
    async () => {
      const mix = fc.shuffledSubarray([...HABITS], { minLength: 2 })
      const run = async (habits: Habit[], size: number) => {
        expect(await new Conversation(habits).run(RESPONSES_OF_A_MIX, size)).toBe('as many as wanted')
      }
      await fc.assert(fc.asyncProperty(mix, fc.integer({ min: 1, max: 50 }), run), {
        seed: 9113,
        numRuns: 60,
      })
    },
    TIMEOUT * 3,
  )
})
