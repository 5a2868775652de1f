/** Each cause alone is told right, with the frames that prove it; on mixtures the parts are the whole. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Kind } from '../../src/trace/index.ts'
import { script } from '../fuzz/conversation.ts'
import { rstStream, windowUpdate } from '../support/wire.ts'
import { TapedPeer } from './taped-peer.ts'
import { TapedRun } from './taped-run.ts'

const INITIAL_WINDOW_SIZE = 4
const MAX_CONCURRENT_STREAMS = 3

describe('one cause alone', () => {
  it('connecting', () => {
    const peer = new TapedPeer()
    const slow = peer.tape.connect('https://b.test', peer.now)
    peer.call(1)
    peer.wait(120)
    peer.tape.note(Kind.DIALLED, slow, 0, 0, peer.now)
    peer.tape.note(Kind.CARRIED, slow, 1, 0, peer.now)
    expect(peer.causes()).toEqual({ dial: 120 })
  })

  it("the peer's stream limit", () => {
    const peer = new TapedPeer({ peers: { [MAX_CONCURRENT_STREAMS]: 1 } })
    peer.call(1).open(1).call(3).wait(300).respond(1, true).settle(1).open(3).respond(3, true).settle(3)
    expect(peer.causes(2)).toEqual({ 'stream limit': 300 })
    expect(peer.recording().explain(2)).toContain(
      "waiting for a stream: the peer's MAX_CONCURRENT_STREAMS were open",
    )
  })

  it('our own event loop, before the request left', () => {
    const peer = new TapedPeer()
    peer.call(1).wait(80).open(1).respond(1, true).settle(1)
    expect(peer.causes()).toEqual({ 'event loop': 80 })
  })

  it('our own event loop, while the answer waited to be read', () => {
    const peer = new TapedPeer()
    peer.call(1).open(1).wait(30).wait(70).told(Kind.LAG, 0, 70_000).respond(1, true).settle(1)
    expect(peer.causes()).toEqual({ server: 30, 'event loop': 70 })
  })

  it('the application that gives no content', () => {
    const peer = new TapedPeer()
    peer.call(1, 'POST').open(1, false, 'POST').wait(250)
    peer.request(Kind.OFFERED, 1, 100).request(Kind.OFFER_ENDED, 1).upload(1, 100, true)
    peer.respond(1, true).settle(1)
    expect(peer.causes()).toEqual({ 'application not writing': 250 })
  })

  it("the peer's window of the stream", () => {
    const peer = new TapedPeer({ peers: { [INITIAL_WINDOW_SIZE]: 1000 } })
    peer.call(1, 'POST').open(1, false, 'POST')
    peer.request(Kind.OFFERED, 1, 3000).request(Kind.OFFER_ENDED, 1).upload(1, 1000)
    peer.wait(400).received(windowUpdate(1, 5000)).upload(1, 2000, true).respond(1, true).settle(1)
    expect(peer.causes()).toEqual({ 'peer window': 400 })
    const [stall] = peer.recording().stalls()[0]!.stalls
    expect(stall).toMatchObject({ cause: 'peer window', of: 'stream' })
    const proof = stall!.rows.map((row) => peer.recording().frame(row).text)
    expect(proof).toEqual(['DATA stream=1 len=1000', 'WINDOW_UPDATE stream=1 len=4 +5000'])
  })

  it("the peer's window of the connection", () => {
    const peer = new TapedPeer({ peers: { [INITIAL_WINDOW_SIZE]: 1_000_000 } })
    peer.call(1, 'POST').open(1, false, 'POST')
    peer.request(Kind.OFFERED, 1, 70_000).request(Kind.OFFER_ENDED, 1).upload(1, 65_535)
    peer
      .wait(90)
      .received(windowUpdate(0, 100_000))
      .upload(1, 70_000 - 65_535, true)
      .respond(1, true)
      .settle(1)
    expect(peer.causes()).toEqual({ 'peer window': 90 })
    expect(peer.recording().stalls()[0]!.stalls[0]).toMatchObject({ of: 'connection' })
  })

  it('the socket that takes no more', () => {
    const peer = new TapedPeer()
    peer.call(1, 'POST').open(1, false, 'POST')
    peer.request(Kind.OFFERED, 1, 2000).request(Kind.OFFER_ENDED, 1).upload(1, 1000).told(Kind.BLOCKED, 0, 0)
    peer.wait(60).told(Kind.WRITABLE, 0, 0).upload(1, 1000, true).respond(1, true).settle(1)
    expect(peer.causes()).toEqual({ 'socket blocked': 60 })
  })

  it('the server that thinks, and the round trip before', () => {
    const peer = new TapedPeer({ roundTrip: 20 })
    peer.call(1).open(1).wait(500).respond(1, true).settle(1)
    expect(peer.causes()).toEqual({ server: 480, network: 20 })
    expect(peer.recording().explain(1)).toMatch(
      /^GET https:\/\/a\.test\/ \(stream 1\) took 500 ms: 480 ms the server thought \[#\d+, #\d+\]/,
    )
  })

  it('our window of the stream, of which the peer hears a round trip later', () => {
    const peer = new TapedPeer({ roundTrip: 80, ours: { [INITIAL_WINDOW_SIZE]: 32_768 }, extra: 1_000_000 })
    peer
      .call(1)
      .open(1)
      .wait(80)
      .respond(1)
      .content(1, 16_384)
      .grant(1, 16_384)
      .content(1, 16_384)
      .grant(1, 16_384)
    for (let i = 0; i < 4; i++) {
      peer
        .wait(80)
        .content(1, 16_384)
        .grant(1, 16_384)
        .content(1, 16_384, i === 3)
      if (i < 3) peer.grant(1, 16_384)
    }
    peer.settle(1)
    expect(peer.causes()).toEqual({ 'our window': 320, network: 80 })
    expect(peer.recording().stalls()[0]!.stalls.at(-1)).toMatchObject({ cause: 'our window', of: 'stream' })
  })

  it('our window of the connection, with the stream whose content lay unread', () => {
    const peer = new TapedPeer()
    peer.call(1).open(1).call(3).open(3).respond(1).respond(3)
    peer.content(3, 16_384, false, true).content(3, 16_384, false, true).content(3, 16_384, false, true)
    peer.content(3, 10_000, false, true).content(1, 6383)
    peer.wait(700).request(Kind.READ, 3, 59_152).grant(0, 65_535).grant(3, 59_152)
    peer.content(1, 1000, true).settle(1).content(3, 10, true).settle(3)
    expect(peer.causes(1)).toEqual({ 'our window': 700 })
    expect(peer.recording().stalls()[0]!.stalls[0]).toMatchObject({ of: 'connection', streams: [3] })
    expect(peer.causes(2)).toEqual({ 'application not reading': 700 })
  })

  it('the application that does not read', () => {
    const peer = new TapedPeer({ ours: { [INITIAL_WINDOW_SIZE]: 10_000 } })
    peer.call(1).open(1).respond(1).content(1, 10_000, false, true)
    peer.wait(900).request(Kind.READ, 1, 10_000).grant(1, 10_000).content(1, 500, true).settle(1)
    expect(peer.causes()).toEqual({ 'application not reading': 900 })
  })

  it('other streams that had the wire', () => {
    const peer = new TapedPeer({ extra: 10_000_000, ours: { [INITIAL_WINDOW_SIZE]: 1_000_000 } })
    peer.call(1).open(1).call(3).open(3).respond(1).respond(3).content(1, 100).content(3, 10_000)
    for (let i = 0; i < 20; i++) peer.wait(10).content(3, 10_000)
    peer.content(1, 100, true).settle(1).content(3, 1, true).settle(3)
    expect(peer.causes(1)).toEqual({ 'shared wire': 200 })
    expect(peer.recording().stalls()[0]!.stalls[0]).toMatchObject({ streams: [3] })
  })

  it('silence', () => {
    const peer = new TapedPeer()
    peer.call(1).open(1).respond(1).content(1, 100).wait(1500).content(1, 100, true).settle(1)
    expect(peer.causes()).toEqual({ silence: 1500 })
  })

  it('content that comes as fast as it can is no stall', () => {
    const peer = new TapedPeer({
      roundTrip: 20,
      extra: 10_000_000,
      ours: { [INITIAL_WINDOW_SIZE]: 1_000_000 },
    })
    peer.call(1).open(1).wait(20).respond(1)
    for (let i = 0; i < 30; i++) peer.wait(4).content(1, 1000, i === 29)
    expect(peer.settle(1).causes()).toEqual({ network: 20, transfer: 120 })
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
