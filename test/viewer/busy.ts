import { type Recording, Tape } from '../../src/trace/index.ts'
import { TapedPeer } from '../trace/taped-peer.ts'

/** A thousand requests, and fifty frames of content each. */
export function busy(): Recording {
  const tape = new Tape({ maxBytes: 64_000_000 })
  const peer = new TapedPeer({ tape, roundTrip: 20, extra: 2_000_000_000, ours: { 4: 1_000_000 } })
  for (let i = 0; i < 1000; i++) {
    const stream = i * 2 + 1
    peer.call(stream, 'GET', `/${i}`).open(stream, true, 'GET', `/${i}`).respond(stream)
  }
  for (let k = 0; k < 48; k++) {
    for (let i = 0; i < 1000; i++) {
      peer.wait(0.05).content(i * 2 + 1, 1000, k === 47)
      if (k === 47) peer.settle(i * 2 + 1)
    }
  }
  return peer.recording()
}
