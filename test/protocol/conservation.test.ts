/**
 * Credit is neither lost nor made: whatever is opened, received, consumed,
 * reset and received late, each octet goes back to the connection's window
 * exactly once, as it arrives (RFC 9113 §6.9), and what is said to lie unread
 * is what owners of open streams have not taken.
 */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { UnreadBudget, type WindowManager } from '../../src/protocol/index.ts'
import { EnginePair, type RecordingSink } from '../support/engine.ts'
import {
  concat,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  goaway,
  headers,
  PADDED,
  response,
  rstStream,
  uint32At,
  WINDOW_UPDATE,
} from '../support/wire.ts'
import { OnConsumption } from './on-consumption.ts'
import { lines } from './sent.ts'

const CONNECTION_WINDOW = 100_000
const STREAM_WINDOW = 700
const LARGEST_FRAME = 600

const step = fc.record({
  what: fc.constantFrom(
    'open',
    'head',
    'data',
    'data',
    'data',
    'end',
    'consume',
    'reset',
    'refuse',
    'announce',
  ),
  stream: fc.nat(5),
  length: fc.nat(LARGEST_FRAME),
  padding: fc.option(fc.nat(80), { nil: undefined, freq: 2 }),
  flag: fc.boolean(),
})

/** What the peer sent and was given, by stream; 0 is the connection. */
class Books {
  readonly pair: EnginePair
  readonly requests: RecordingSink[] = []
  readonly managers = new Map<number, WindowManager>()
  readonly unread = new UnreadBudget()
  readonly #received = new Map<number, number>()
  readonly #announced = new Map<number, number>()
  #made: WindowManager | undefined = undefined

  constructor() {
    const make = (size: number, documentSize?: number) => {
      this.#made = new OnConsumption(size, documentSize)
      return this.#made
    }
    const many = {
      maxStreamErrors: 1e6,
      glitchBurst: 1e6,
      maxEmptyDataFrames: 1e6,
      maxQueuedControlFrames: 1e6,
    }
    this.pair = EnginePair.ready({
      windowManager: make,
      unread: this.unread,
      settings: { initialWindowSize: STREAM_WINDOW },
      limits: { connectionWindowSize: CONNECTION_WINDOW, ...many },
    })
  }

  open(): void {
    const request = this.pair.open({ method: 'POST' }, this.requests.length % 3 !== 0)
    request.hold = true
    this.requests.push(request)
    this.announce()
  }

  /** A DATA frame, whether the stream may have it or not; the connection's window is kept by the peer. */
  data(id: number, length: number, padding: number | undefined, end: boolean): void {
    const padded = padding === undefined ? [] : [Uint8Array.of(padding)]
    const payload = concat(...padded, new Uint8Array(length), new Uint8Array(padding ?? 0))
    if (payload.length > this.pair.connection.recvWindow) return
    this.#made = undefined
    const flags = (end ? END_STREAM : 0) | (padding === undefined ? 0 : PADDED)
    const before = this.managers.get(id)?.windowSize
    this.pair.receive(frame(DATA, flags, id, payload))
    if (this.#made !== undefined) this.managers.set(id, this.#made)
    add(this.#received, 0, payload.length)
    const manager = this.managers.get(id)
    if (manager === undefined || manager.windowSize === before) return
    if (this.#made !== undefined && manager.windowSize === STREAM_WINDOW && payload.length > STREAM_WINDOW)
      return
    add(this.#received, id, payload.length)
  }

  /** Takes what the engine sent, and checks the books. */
  announce(): void {
    for (const { type, streamId, payload } of this.pair.frames()) {
      if (type !== WINDOW_UPDATE) continue
      const increment = uint32At(payload)
      expect(increment).toBeGreaterThan(0)
      add(this.#announced, streamId, increment)
    }
    expect(this.pair.connection.recvWindow).toBe(this.balance(0, CONNECTION_WINDOW))
    for (const [id, manager] of this.managers)
      expect(manager.windowSize).toBe(this.balance(id, STREAM_WINDOW))
  }

  balance(id: number, initial: number): number {
    return initial + (this.#announced.get(id) ?? 0) - (this.#received.get(id) ?? 0)
  }
}

function add(sums: Map<number, number>, id: number, amount: number): void {
  sums.set(id, (sums.get(id) ?? 0) + amount)
}

function play(
  books: Books,
  { what, stream, length, padding, flag }: typeof step extends fc.Arbitrary<infer T> ? T : never,
): void {
  const request = books.requests[stream]
  if (what === 'open') books.open()
  if (what === 'announce') books.announce()
  if (request === undefined) return
  const { id } = request.stream!
  if (what === 'head') {
    const fields = [[':status', '200'], ...(flag ? [['content-length', String(length * 2)]] : [])] as [
      string,
      string,
    ][]
    books.pair.receive(headers(id, fields, END_HEADERS))
  }
  if (what === 'data') books.data(id, length, padding, false)
  if (what === 'end') books.data(id, flag ? length : 0, padding, true)
  if (what === 'consume') request.stream!.consume(length)
  if (what === 'reset') request.stream!.reset(8)
  if (what === 'refuse') books.pair.receive(rstStream(id, 7))
}

it('after any script the window of the connection is what it was, and once all is consumed or reset nothing is unread', () => {
  const property = fc.property(
    fc.array(step, { minLength: 10, maxLength: 80 }),
    fc.array(fc.boolean(), { minLength: 80, maxLength: 80 }),
    (script, ends) => {
      const books = new Books()
      books.open()
      for (const one of script) play(books, one)
      expect(books.pair.closed).toBe(false)
      books.announce()
      expect(books.pair.connection.recvWindow).toBe(CONNECTION_WINDOW)
      for (const [i, request] of books.requests.entries()) {
        if (ends[i]) request.stream!.reset(8)
        else request.stream!.consume(1_000_000)
      }
      books.announce()
      expect(books.pair.connection.recvWindow).toBe(CONNECTION_WINDOW)
      expect(books.unread.held).toBe(0)
      for (const request of books.requests) request.stream!.reset(8)
      expect(books.unread.lendable).toBe(books.unread.limit / 4)
    },
  )
  fc.assert(property, { numRuns: 300 })
})

it('each way to lose content gives its octets back once: with the reset, before it and behind it', () => {
  const books = new Books()
  for (let i = 0; i < 6; i++) books.open()
  const [reset, refused, long, unread, ended, late] = books.requests
  const { pair } = books
  for (let id = 1; id <= 11; id += 2) pair.receive(response(id, 200))
  for (let id = 1; id <= 11; id += 2) books.data(id, 100, 10, false)
  reset!.stream!.reset(8)
  reset!.stream!.consume(100)
  reset!.stream!.reset(8)
  books.data(1, 50, 5, true)
  pair.receive(rstStream(3, 8))
  refused!.stream!.consume(100)
  books.data(3, 50, 5, false)
  books.data(5, 600, undefined, false)
  expect(long!.failure?.errorCode).toBe(3)
  long!.stream!.consume(100)
  books.data(9, 0, 7, true)
  expect(ended!.ended).toBe(true)
  books.data(9, 30, 3, false)
  late!.stream!.consume(1)
  late!.stream!.consume(-5)
  books.announce()
  expect(pair.connection.recvWindow).toBe(CONNECTION_WINDOW)
  // What one owner holds, and what one has taken a single octet of; what has ended is its owner's.
  expect(books.unread.held).toBe(100 + 99)
  for (const request of [unread!, ended!, late!]) {
    request.stream!.consume(5000)
    request.stream!.consume(5000)
  }
  books.announce()
  expect(pair.connection.recvWindow).toBe(CONNECTION_WINDOW)
})

it('what a GOAWAY takes back is given back, read or not (RFC 9113 §6.8, §6.9)', () => {
  const books = new Books()
  for (let i = 0; i < 2; i++) books.open()
  const { pair } = books
  pair.receive(response(3, 200))
  books.data(3, 100, 10, false)
  pair.receive(goaway(1, 0))
  expect(books.requests[1]!.failure?.processed).toBe('yes')
  pair.frames()
  expect(pair.connection.recvWindow).toBe(CONNECTION_WINDOW)
})

it('padding is given back at once, to both windows, read or not (RFC 9113 §6.1)', () => {
  const books = new Books()
  books.open()
  books.pair.receive(response(1, 200))
  books.data(1, 100, 10, false)
  expect(lines(books.pair.frames())).toEqual(['WINDOW_UPDATE 0 +111', 'WINDOW_UPDATE 1 +11'])
})

it('a single octet is given back like any other number (RFC 9113 §6.9)', () => {
  const books = new Books()
  books.open()
  books.pair.receive(response(1, 200))
  books.data(1, 100, undefined, false)
  expect(lines(books.pair.frames())).toEqual(['WINDOW_UPDATE 0 +100'])
  books.requests[0]!.stream!.consume(1)
  expect(lines(books.pair.frames())).toEqual(['WINDOW_UPDATE 1 +1'])
})

it('consuming what is no number of octets changes nothing', () => {
  const books = new Books()
  books.open()
  books.pair.receive(response(1, 200))
  books.data(1, 100, undefined, false)
  const { stream } = books.requests[0]!
  for (const count of [Number.NaN, -1, 0]) stream!.consume(count)
  stream!.consume(100)
  books.announce()
  expect(books.pair.connection.recvWindow).toBe(CONNECTION_WINDOW)
})

it('a piece of a frame that never comes is given back with the reset of its stream', () => {
  const books = new Books()
  books.open()
  const { pair } = books
  pair.receive(response(1, 200), frame(DATA, 0, 1, new Uint8Array(500)).subarray(0, 200))
  books.requests[0]!.stream!.reset(8)
  pair.frames()
  expect(pair.connection.recvWindow).toBe(CONNECTION_WINDOW)
  pair.receive(new Uint8Array(309))
  pair.frames()
  expect(pair.connection.recvWindow).toBe(CONNECTION_WINDOW)
})

it('a reader that takes nothing has at most two windows unread, whatever its manager grants (RFC 9113 §5.2)', () => {
  class OnReceipt extends OnConsumption {
    override onDataReceived(length: number): number {
      return length
    }
    override onDataConsumed(): number {
      return 0
    }
  }
  const pair = EnginePair.ready({ windowManager: OnReceipt, settings: { initialWindowSize: 1000 } })
  const request = pair.open()
  request.hold = true
  pair.frames()
  pair.receive(response(1, 200))
  let window = 1000
  const send = () => {
    if (window > 0) pair.receive(frame(DATA, 0, 1, new Uint8Array(Math.min(window, 100))))
    window -= Math.min(window, 100)
    for (const { type, streamId, payload } of pair.frames()) {
      if (type === WINDOW_UPDATE && streamId === 1) window += uint32At(payload)
    }
  }
  for (let i = 0; i < 100; i++) send()
  // Ten frames are granted anew, the last of them with exactly a window unread; then a window is left.
  expect(request.received).toBe(2000)
  expect([window, pair.connection.recvWindow]).toEqual([0, 16_777_216])
  request.stream!.consume(request.received)
  for (let i = 0; i < 100; i++) send()
  expect(request.received).toBeGreaterThan(2000)
})
