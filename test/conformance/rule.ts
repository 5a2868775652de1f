/**
 * A rule as a test: its script is stated once and run twice, with the peer's
 * octets whole and one at a time. Both runs must look the same from outside,
 * and every octet that the client sent must be legal.
 */
import { expect, test } from 'vitest'
import type { ConnectionOptions } from '../../src/protocol/index.ts'
import { HEADERS, readFrames, response } from '../support/wire.ts'
import { type Delivery, Peer, readyPeer } from './peer.ts'
import { testName } from './rules.ts'

/** Makes the peers of one run. */
export class Stage {
  readonly peers: Peer[] = []
  readonly #delivery: Delivery

  constructor(delivery: Delivery) {
    this.#delivery = delivery
  }

  /** A peer that has sent nothing yet. */
  silent(options: ConnectionOptions = {}): Peer {
    return this.#keep(new Peer(this.#delivery, options))
  }

  /** A peer that has sent its SETTINGS and acknowledged the client's. */
  ready(options: ConnectionOptions = {}, settings: Readonly<Record<number, number>> = {}): Peer {
    return this.#keep(readyPeer(this.#delivery, options, settings))
  }

  #keep(peer: Peer): Peer {
    this.peers.push(peer)
    return peer
  }
}

/** Proves a rule by a script. */
export function rule(id: string, claim: string, script: (stage: Stage) => void): void {
  test(testName(id, claim), () => {
    const [whole, byOctet] = (['whole', 'by octet'] as const).map((delivery) => {
      const stage = new Stage(delivery)
      script(stage)
      return stage.peers.map((peer) => {
        peer.frames()
        peer.validator.finish()
        expect(peer.validator.faults, 'what the client sent is legal').toEqual([])
        return peer.transcript
      })
    })
    expect(byOctet, 'an octet at a time').toEqual(whole)
  })
}

/** What the peer sends in one of the tables below: octets, or octets that need the peer's state. */
export type Sent = Uint8Array | ((peer: Peer) => Uint8Array)

function octets(sent: Sent, peer: Peer): Uint8Array {
  return typeof sent === 'function' ? sent(peer) : sent
}

/**
 * Rules whose breach ends the connection. The peer sends the row's octets while
 * stream 1 waits for its response, stream 3 has it and stream 5 uploads.
 */
export function connectionErrors(
  rows: readonly (readonly [
    id: string,
    what: string,
    sent: Sent,
    errorCode: number,
    /** Of stream 1. */
    processed?: 'yes',
  ])[],
  options?: ConnectionOptions,
): void {
  for (const [id, what, sent, errorCode, processed = 'unknown'] of rows) {
    rule(id, `${what} ends the connection`, (stage) => {
      const peer = stage.ready(options)
      const waiting = peer.open()
      const answered = peer.open()
      const uploading = peer.post()
      peer.frames()
      peer.sends(response(3, 200))
      peer.sends(octets(sent, peer))
      peer.expectConnectionError(errorCode)
      expect(waiting.failure).toMatchObject({ scope: 'connection', errorCode, processed })
      expect(answered.failure).toMatchObject({ scope: 'connection', errorCode, processed: 'yes' })
      expect(uploading.failure).toMatchObject({ scope: 'connection', errorCode, processed: 'unknown' })
    })
  }
}

/** Rules whose breach ends stream 1, a GET, while stream 3 goes on to its end. */
export function streamErrors(
  rows: readonly (readonly [id: string, what: string, sent: Sent, errorCode: number])[],
  method = 'GET',
): void {
  for (const [id, what, sent, errorCode] of rows) {
    rule(id, `${what} ends the stream`, (stage) => {
      const peer = stage.ready()
      const request = peer.open({ method })
      const other = peer.open()
      peer.frames()
      const bytes = octets(sent, peer)
      peer.sends(bytes)
      peer.expectStreamError(request, 1, errorCode)
      // A response, whatever is wrong with it, is a sign that the request was processed.
      const answered = readFrames(bytes).some(({ type, streamId }) => type === HEADERS && streamId === 1)
      expect(request.failure).toMatchObject({ processed: answered ? 'yes' : 'unknown' })
      peer.sends(response(3, 200, true))
      expect(other).toMatchObject({ status: 200, ended: true })
    })
  }
}

/** Octets that change nothing: stream 1 waits for its response before them and gets it behind them. */
export function ignored(
  rows: readonly (readonly [id: string, what: string, sent: Sent])[],
  options?: ConnectionOptions,
): void {
  for (const [id, what, sent] of rows) {
    rule(id, `${what} changes nothing`, (stage) => {
      const peer = stage.ready(options)
      const request = peer.open()
      peer.frames()
      const calls = [...peer.calls]
      peer.sends(octets(sent, peer))
      expect(peer.frames(), 'no answer').toEqual([])
      expect(peer.calls, 'nobody is told').toEqual(calls)
      expect(request.calls).toEqual(['opened 1'])
      peer.sends(response(1, 200, true))
      expect(request).toMatchObject({ status: 200, ended: true })
      peer.expectUsable()
    })
  }
}
