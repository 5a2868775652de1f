/** Each cause alone is told right, with the frames that prove it; on mixtures the parts are the whole. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Kind, type Stall } from '../../src/trace/index.ts'
import { script } from '../fuzz/conversation.ts'
import { rstStream } from '../support/wire.ts'
import { CANNED } from './canned.ts'
import { TapedPeer } from './taped-peer.ts'
import { TapedRun } from './taped-run.ts'

const INITIAL_WINDOW_SIZE = 4

describe('one cause alone is told right', () => {
  for (const [name, { peer, causes }] of Object.entries(CANNED)) {
    it(name, () => {
      const conversation = peer()
      for (const [i, expected] of causes.entries()) {
        if (expected !== undefined) expect(conversation.causes(i + 1)).toEqual(expected)
      }
    })
  }
})

describe('proofs', () => {
  const stallOf = (name: string, nth = 0): Stall =>
    CANNED[name]!.peer().recording().stalls()[nth]!.stalls.at(-1)!
  const proof = (name: string): string[] => {
    const recording = CANNED[name]!.peer().recording()
    return recording
      .stalls()[0]!
      .stalls.at(-1)!
      .rows.map((row) => recording.frame(row).text)
  }

  it('name the frame that used a window up, and the one that opened it', () => {
    expect(proof("the peer's window of the stream")).toEqual([
      'DATA stream=1 len=1000',
      'WINDOW_UPDATE stream=1 len=4 +5000',
    ])
    expect(stallOf("the peer's window of the stream")).toMatchObject({ of: 'stream' })
    expect(stallOf("the peer's window of the connection")).toMatchObject({ of: 'connection' })
  })

  it('name the streams whose content lay unread, and those that had the wire', () => {
    const beside = stallOf('our window of the connection, beside a reader that is slow')
    expect(beside).toMatchObject({ of: 'connection', streams: [3] })
    expect(stallOf('other streams that have the wire')).toMatchObject({ streams: [3] })
  })

  it('stand in the sentence', () => {
    const { peer } = CANNED['a server that thinks, and the round trip before']!
    expect(peer().recording().explain(1)).toMatch(
      /^GET https:\/\/a\.test\/ \(stream 1\) took 500 ms: 480 ms the server thought \[#\d+, #\d+\]\.$/,
    )
    const queued = CANNED["the peer's stream limit"]!.peer().recording().explain(2)
    expect(queued).toContain("300 ms waiting for a stream: the peer's MAX_CONCURRENT_STREAMS were open [#")
  })
})

describe('a request that went on', () => {
  it('is explained up to the end of the recording', () => {
    const peer = new TapedPeer()
    peer.call(1).open(1).wait(40).told(Kind.ROUND_TRIP, 0, 1000)
    expect(peer.recording().requests()[0]!.settledAt).toBeNaN()
    expect(peer.causes()).toEqual({ server: 39, network: 1 })
  })

  it('is explained attempt by attempt if it was sent again', () => {
    const peer = new TapedPeer()
    peer.call(1).open(1).wait(50).received(rstStream(1, 7)).request(Kind.RESENT, 1)
    peer.wait(10).request(Kind.OPENED, 1, 3).open(3).wait(30).respond(3, true).settle(1)
    expect(peer.causes()).toEqual({ server: 80, 'event loop': 10 })
    expect(peer.recording().requests()).toHaveLength(1)
    expect(peer.recording().requests()[0]).toMatchObject({ resent: 1, stream: 3, status: 200 })
  })

  it('that only the wire tells of is explained, too', () => {
    const peer = new TapedPeer({ ours: { [INITIAL_WINDOW_SIZE]: 10_000 } })
    peer.open(1).wait(10).respond(1).content(1, 10_000).wait(70).grant(1, 5000).content(1, 5000, true)
    expect(peer.causes()).toEqual({ server: 10, 'our window': 70 })
    expect(peer.recording().explain(1)).toContain(
      'GET https://a.test/ (stream 1) took 80 ms: 70 ms our window of the stream was used up',
    )
  })
})

it('on mixtures the parts are the whole, one after the other', () => {
  fc.assert(
    fc.property(script, fc.array(fc.nat(40), { maxLength: 60 }), (steps, waits) => {
      const run = new TapedRun({ enablePush: true, settings: { initialWindowSize: 500 } }, [])
      run.converse(steps.flatMap((step, i) => [step, { call: 'wait' as const, ms: waits[i] ?? 0 }]))
      const recording = run.tape.recording()
      for (const { request, total, parts, stalls } of recording.stalls()) {
        expect(parts.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(total, 6)
        const end = Number.isNaN(request.settledAt) ? recording.duration : request.settledAt
        expect(total).toBeCloseTo(end - request.calledAt, 6)
        let at = request.calledAt
        for (const { from, to } of stalls) {
          expect(from).toBe(at)
          expect(to).toBeGreaterThan(from)
          at = to
        }
      }
    }),
  )
})
