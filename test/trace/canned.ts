/**
 * Conversations that show one cause each, and mixtures; by name. Of each, what
 * the parts of the requests' times are, in milliseconds.
 */
import { Kind } from '../../src/trace/index.ts'
import { windowUpdate } from '../support/wire.ts'
import { TapedPeer } from './taped-peer.ts'

const INITIAL_WINDOW_SIZE = 4
const MAX_CONCURRENT_STREAMS = 3

interface Canned {
  readonly peer: () => TapedPeer
  /** By request, in order; undefined for those that are there for others. */
  readonly causes: readonly (Readonly<Record<string, number>> | undefined)[]
}

export const CANNED: Readonly<Record<string, Canned>> = {
  connecting: {
    peer: () => {
      const peer = new TapedPeer()
      const slow = peer.tape.connect('https://b.test', peer.now)
      peer.call(1).wait(120)
      peer.tape.note(Kind.DIALLED, slow, 0, 0, peer.now)
      peer.tape.note(Kind.CARRIED, slow, 1, 0, peer.now)
      return peer
    },
    causes: [{ dial: 120 }],
  },
  "the peer's stream limit": {
    peer: () => {
      const peer = new TapedPeer({ peers: { [MAX_CONCURRENT_STREAMS]: 1 } })
      peer.call(1).open(1).call(3).wait(300).respond(1, true).settle(1)
      return peer.open(3).respond(3, true).settle(3)
    },
    causes: [{ server: 300 }, { 'stream limit': 300 }],
  },
  'our own event loop, before the request left': {
    peer: () => new TapedPeer().call(1).wait(80).open(1).respond(1, true).settle(1),
    causes: [{ 'event loop': 80 }],
  },
  'our own event loop, while the answer waited to be read': {
    peer: () =>
      new TapedPeer().call(1).open(1).wait(100).told(Kind.LAG, 0, 70_000).respond(1, true).settle(1),
    causes: [{ server: 30, 'event loop': 70 }],
  },
  'an application that gives no content': {
    peer: () => {
      const peer = new TapedPeer().call(1, 'POST').open(1, false, 'POST').wait(250)
      peer.request(Kind.OFFERED, 1, 100).request(Kind.OFFER_ENDED, 1).upload(1, 100, true)
      return peer.respond(1, true).settle(1)
    },
    causes: [{ 'application not writing': 250 }],
  },
  "the peer's window of the stream": {
    peer: () => {
      const peer = new TapedPeer({ peers: { [INITIAL_WINDOW_SIZE]: 1000 } })
      peer.call(1, 'POST').open(1, false, 'POST')
      peer.request(Kind.OFFERED, 1, 3000).request(Kind.OFFER_ENDED, 1).upload(1, 1000)
      return peer.wait(400).received(windowUpdate(1, 5000)).upload(1, 2000, true).respond(1, true).settle(1)
    },
    causes: [{ 'peer window': 400 }],
  },
  "the peer's window of the connection": {
    peer: () => {
      const peer = new TapedPeer({ peers: { [INITIAL_WINDOW_SIZE]: 1_000_000 } })
      peer.call(1, 'POST').open(1, false, 'POST')
      peer.request(Kind.OFFERED, 1, 70_000).request(Kind.OFFER_ENDED, 1).upload(1, 65_535)
      peer
        .wait(90)
        .received(windowUpdate(0, 100_000))
        .upload(1, 70_000 - 65_535, true)
      return peer.respond(1, true).settle(1)
    },
    causes: [{ 'peer window': 90 }],
  },
  'a socket that takes no more': {
    peer: () => {
      const peer = new TapedPeer().call(1, 'POST').open(1, false, 'POST')
      peer.request(Kind.OFFERED, 1, 2000).request(Kind.OFFER_ENDED, 1).upload(1, 1000)
      peer.told(Kind.BLOCKED, 0, 0).wait(60).told(Kind.WRITABLE, 0, 0).upload(1, 1000, true)
      return peer.respond(1, true).settle(1)
    },
    causes: [{ 'socket blocked': 60 }],
  },
  'a server that thinks, and the round trip before': {
    peer: () => new TapedPeer({ roundTrip: 20 }).call(1).open(1).wait(500).respond(1, true).settle(1),
    causes: [{ server: 480, network: 20 }],
  },
  'our window of the stream, of which the peer hears a round trip later': {
    peer: () => {
      const ours = { [INITIAL_WINDOW_SIZE]: 32_768 }
      const peer = new TapedPeer({ roundTrip: 80, ours, extra: 1_000_000 })
        .call(1)
        .open(1)
        .wait(80)
        .respond(1)
      peer.content(1, 16_384).grant(1, 16_384).content(1, 16_384).grant(1, 16_384)
      for (let i = 0; i < 4; i++) {
        peer
          .wait(80)
          .content(1, 16_384)
          .grant(1, 16_384)
          .content(1, 16_384, i === 3)
        if (i < 3) peer.grant(1, 16_384)
      }
      return peer.settle(1)
    },
    causes: [{ 'our window': 320, network: 80 }],
  },
  'our window of the connection, beside a reader that is slow': {
    peer: () => {
      const peer = new TapedPeer().call(1).open(1).call(3).open(3).respond(1).respond(3)
      for (const length of [16_384, 16_384, 16_384, 10_000]) peer.content(3, length, false, true)
      peer.content(1, 6383).wait(700).request(Kind.READ, 3, 59_152).grant(0, 65_535).grant(3, 59_152)
      return peer.content(1, 1000, true).settle(1).content(3, 10, true).settle(3)
    },
    causes: [{ 'our window': 700 }, { 'application not reading': 700 }],
  },
  'an application that does not read': {
    peer: () => {
      const peer = new TapedPeer({ ours: { [INITIAL_WINDOW_SIZE]: 10_000 } }).call(1).open(1).respond(1)
      peer.content(1, 10_000, false, true).wait(900).request(Kind.READ, 1, 10_000).grant(1, 10_000)
      return peer.content(1, 500, true).settle(1)
    },
    causes: [{ 'application not reading': 900 }],
  },
  'other streams that have the wire': {
    peer: () => {
      const peer = new TapedPeer({ extra: 10_000_000, ours: { [INITIAL_WINDOW_SIZE]: 1_000_000 } })
      peer.call(1).open(1).call(3).open(3).respond(1).respond(3).content(1, 100).content(3, 10_000)
      for (let i = 0; i < 20; i++) peer.wait(10).content(3, 10_000)
      return peer.content(1, 100, true).settle(1).content(3, 1, true).settle(3)
    },
    causes: [{ 'shared wire': 200 }, { transfer: 200 }],
  },
  silence: {
    peer: () =>
      new TapedPeer().call(1).open(1).respond(1).content(1, 100).wait(1500).content(1, 100, true).settle(1),
    causes: [{ silence: 1500 }],
  },
  'content that comes as fast as it can': {
    peer: () => {
      const ours = { [INITIAL_WINDOW_SIZE]: 1_000_000 }
      const peer = new TapedPeer({ roundTrip: 20, extra: 10_000_000, ours })
        .call(1)
        .open(1)
        .wait(20)
        .respond(1)
      for (let i = 0; i < 30; i++) peer.wait(4).content(1, 1000, i === 29)
      return peer.settle(1)
    },
    causes: [{ network: 20, transfer: 120 }],
  },
  'a mixture: a download, an upload and a queue': { peer: mixture, causes: [] },
  'a mixture: many requests on one wire': { peer: crowd, causes: [] },
  'a mixture: only the wire tells': {
    peer: () => {
      const peer = new TapedPeer({ roundTrip: 10, ours: { [INITIAL_WINDOW_SIZE]: 10_000 } })
      peer
        .open(1)
        .wait(40)
        .respond(1)
        .content(1, 10_000)
        .wait(70)
        .grant(1, 5000)
        .wait(12)
        .content(1, 5000, true)
      return peer.open(3, true, 'GET', '/b').wait(25).respond(3, true)
    },
    causes: [
      { server: 30, network: 10, 'our window': 82 },
      { server: 15, network: 10 },
    ],
  },
}

function mixture(): TapedPeer {
  const peers = { [MAX_CONCURRENT_STREAMS]: 2 }
  const peer = new TapedPeer({
    roundTrip: 80,
    ours: { [INITIAL_WINDOW_SIZE]: 65_536 },
    peers,
    extra: 2_000_000,
  })
  peer.call(1, 'GET', '/download').open(1, true, 'GET', '/download')
  peer.call(3, 'POST', '/upload').open(3, false, 'POST', '/upload').call(5, 'GET', '/queued')
  peer.request(Kind.OFFERED, 3, 200_000)
  for (const length of [16_384, 16_384, 16_384, 16_383]) peer.upload(3, length)
  peer.wait(100).respond(1)
  for (let i = 0; i < 20; i++) {
    for (let k = 0; k < 4; k++) peer.content(1, 16_384).wait(0.5)
    peer.grant(1, 65_536).wait(80)
  }
  peer.content(1, 100, true).settle(1).open(5, true, 'GET', '/queued')
  return peer.wait(400).respond(5).content(5, 100, true).settle(5)
}

function crowd(): TapedPeer {
  const peer = new TapedPeer({ roundTrip: 5, extra: 10_000_000, ours: { [INITIAL_WINDOW_SIZE]: 1_000_000 } })
  const streams = Array.from({ length: 20 }, (_, i) => i * 2 + 1)
  for (const stream of streams)
    peer.call(stream, 'GET', `/part/${stream}`).open(stream, true, 'GET', `/part/${stream}`)
  peer.wait(60)
  for (const stream of streams) peer.wait(1).respond(stream)
  for (let i = 0; i < 12; i++) {
    for (const stream of streams) if (stream % 5 > i % 4) peer.wait(3).content(stream, 8000)
    if (i === 6) peer.wait(250)
  }
  for (const stream of streams) peer.wait(2).content(stream, 10, true).settle(stream)
  return peer
}
