/**
 * The server of a conformance test: what it sends goes into the engine whole or
 * an octet at a time, what the engine sends is judged as it comes out.
 */
import { expect } from 'vitest'
import type {
  Connection,
  ConnectionOptions,
  ConnectionSink,
  Failure,
  RequestHead,
} from '../../src/protocol/index.ts'
import { AuditedConnection } from '../support/audited-connection.ts'
import { RecordingSink } from '../support/engine.ts'
import {
  concat,
  data,
  GOAWAY,
  RST_STREAM,
  readFrames,
  response,
  SETTINGS,
  settings,
  settingsAck,
  uint32At,
  type WireFrame,
} from '../support/wire.ts'
import { WireValidator } from '../support/wire-validator.ts'
import { CANCEL } from './codes.ts'

/** How the peer's octets arrive. */
export type Delivery = 'whole' | 'by octet'

export class Peer implements ConnectionSink {
  readonly connection: Connection
  readonly validator = new WireValidator()
  /** Everything that the connection's owner was told. */
  readonly calls: string[] = []
  readonly requests: RecordingSink[] = []
  readonly pongs: { token: number; roundTripTime: number }[] = []
  now = 1000
  closed = false
  closedWith: Failure | undefined = undefined
  readonly #delivery: Delivery
  readonly #sent: Uint8Array[] = []
  readonly #cancelled = new Set<RecordingSink>()
  #framesTaken = 0

  constructor(delivery: Delivery, options: ConnectionOptions) {
    this.#delivery = delivery
    this.connection = new AuditedConnection(this, options, this.now)
  }

  onReady(): void {
    this.calls.push('ready')
  }

  onDraining(errorCode: number, debugData: string): void {
    this.calls.push(`draining ${errorCode} ${debugData}`)
  }

  onPong(token: number, roundTripTime: number): void {
    this.pongs.push({ token, roundTripTime })
  }

  onClosed(failure: Failure | undefined): void {
    this.calls.push(`closed ${failure?.reason}`)
    this.closed = true
    this.closedWith = failure
  }

  onNotice(text: string): void {
    this.calls.push(`notice ${text}`)
  }

  /** Sends octets to the client. */
  sends(...parts: readonly Uint8Array[]): void {
    const bytes = concat(...parts)
    this.validator.peerSent(bytes)
    if (this.#delivery === 'whole') {
      this.connection.receive(bytes, this.now)
      return
    }
    // The chunk is borrowed: what the engine keeps of it must be a copy.
    const chunk = new Uint8Array(1)
    for (const octet of bytes) {
      chunk[0] = octet
      this.connection.receive(chunk, this.now)
    }
  }

  /** Begins a request. */
  open(head: Partial<RequestHead> = {}, endStream = true): RecordingSink {
    const sink = new RecordingSink()
    const full = { method: 'GET', scheme: 'https', authority: 'a.test', path: '/', fields: [], ...head }
    this.requests.push(sink)
    sink.stream = this.connection.open(full, endStream, sink, this.now)
    return sink
  }

  /** Begins a request with content to come. */
  post(head: Partial<RequestHead> = {}): RecordingSink {
    return this.open({ method: 'POST', ...head }, false)
  }

  /** Gives a request up, of which its owner is not told. */
  cancel(request: RecordingSink): void {
    this.#cancelled.add(request)
    request.stream!.reset(CANCEL)
  }

  /** The frames that the client sent since this was last asked. */
  frames(): WireFrame[] {
    for (let out = this.connection.pull(65_536); out; out = this.connection.pull(65_536)) {
      this.validator.clientSent(out)
      this.#sent.push(out.slice())
    }
    const all = readFrames(concat(...this.#sent))
    const fresh = all.slice(this.#framesTaken)
    this.#framesTaken = all.length
    return fresh
  }

  /** Those of one type. */
  framesOf(type: number): WireFrame[] {
    return this.frames().filter((frame) => frame.type === type)
  }

  /** All octets that the client sent. */
  get bytes(): Uint8Array {
    return concat(...this.#sent)
  }

  /** Moves time on and lets the engine's deadlines pass. */
  advance(ms: number): void {
    this.now += ms
    this.connection.handleTimeout(this.now)
  }

  // — judgements —

  /** The connection failed with this code: GOAWAY says so, everyone is told, nothing moves any more. */
  expectConnectionError(errorCode: number): void {
    expect(this.closed, 'the connection is closed').toBe(true)
    expect(this.closedWith).toMatchObject({ scope: 'connection', initiator: 'local', errorCode })
    const last = this.frames().at(-1)
    expect(last?.type, 'GOAWAY is the last frame').toBe(GOAWAY)
    expect(uint32At(last!.payload, 4), 'error code of GOAWAY').toBe(errorCode)
    expect(this.connection.nextTimeout()).toBe(Number.POSITIVE_INFINITY)
    for (const request of this.requests) {
      const over = request.ended || request.failure !== undefined || this.#cancelled.has(request)
      expect(over, 'every request settles').toBe(true)
    }
    const told = this.requests.map((request) => request.calls.length)
    this.sends(response(1, 204, true), settings(), data(3, 'late'))
    expect(this.frames(), 'nothing is answered after it').toEqual([])
    expect(
      this.requests.map((request) => request.calls.length),
      'nor told',
    ).toEqual(told)
    expect(this.open().failure, 'and no request is taken').toMatchObject({ processed: 'no' })
  }

  /** One stream failed with this code: RST_STREAM says so, once, and the connection goes on. */
  expectStreamError(request: RecordingSink, streamId: number, errorCode: number): void {
    expect(request.failure).toMatchObject({ scope: 'stream', initiator: 'local', errorCode })
    expect(request.ended, 'the response does not count as complete').toBe(false)
    expect(resets(this.frames())).toEqual([[streamId, errorCode]])
    this.expectUsable()
  }

  /** The connection takes another request, sends it, and delivers its response. */
  expectUsable(): void {
    expect(this.closed, `the connection is open: ${this.closedWith?.reason}`).toBe(false)
    const request = this.open()
    const id = this.frames().findLast((frame) => frame.type === 1)?.streamId
    expect(id, 'a new stream').toBeGreaterThan(0)
    this.sends(response(id!, 200), data(id!, 'fine', true))
    expect(request).toMatchObject({ status: 200, content: 'fine', ended: true, failure: undefined })
    expect(resets(this.frames()), 'no stream is reset').toEqual([])
  }

  /** A transcript of all that could be seen, for comparison of two runs. */
  get transcript(): unknown {
    const { calls, pongs, bytes } = this
    const requests = this.requests.map(({ stream: _, pushes, ...seen }) => ({
      ...seen,
      pushes: pushes.map(({ stream, head, sink }) => ({ id: stream.id, head, calls: sink.calls })),
    }))
    return { calls, pongs, requests, closedWith: this.closedWith, bytes: Array.from(bytes) }
  }
}

/** Stream and error code of each RST_STREAM. */
export function resets(frames: readonly WireFrame[]): [streamId: number, errorCode: number][] {
  return frames
    .filter((frame) => frame.type === RST_STREAM)
    .map((frame) => [frame.streamId, uint32At(frame.payload)])
}

/** A peer that has sent its SETTINGS and acknowledged the client's. */
export function readyPeer(
  delivery: Delivery,
  options: ConnectionOptions = {},
  peerSettings: Readonly<Record<number, number>> = {},
): Peer {
  const peer = new Peer(delivery, options)
  peer.sends(settings(peerSettings), settingsAck)
  expect(peer.framesOf(SETTINGS)).toHaveLength(2)
  return peer
}
