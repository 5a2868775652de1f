import { expect, it } from 'vitest'
import { EnginePair } from '../support/engine.ts'
import { concat, data, goaway } from '../support/wire.ts'

// RFC 9113 §6.8: with nothing open, GOAWAY is the end; what stands behind it is not judged, however it is cut.
it('closes at the GOAWAY of the peer, whether or not the chunk holds more', () => {
  const bytes = concat(goaway(0, 0), data(1, 'x'))
  const closings = [[bytes], [...bytes].map((octet) => Uint8Array.of(octet))].map((chunks) => {
    const pair = EnginePair.ready()
    pair.receive(...chunks)
    return pair.closedWith?.reason
  })
  expect(closings).toEqual([undefined, undefined])
})
