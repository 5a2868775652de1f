import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EnginePair } from '../support/engine.ts'
import { RST_STREAM, rstStream } from '../support/wire.ts'
import { CANCEL } from './sent.ts'

it('a reset that waits is sent once, unless the peer was faster (RFC 9113 §6.4)', () => {
  const step = fc.tuple(fc.boolean(), fc.nat({ max: 4 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const pair = EnginePair.ready()
      const streams = Array.from({ length: 5 }, () => pair.open().stream!)
      pair.frames()
      const ours = new Set<number>()
      const theirs = new Set<number>()
      for (const [reset, which] of steps) {
        const { id } = streams[which]!
        if (reset) {
          if (!theirs.has(id)) ours.add(id)
          streams[which]!.reset(CANCEL)
        } else {
          theirs.add(id)
          ours.delete(id)
          pair.receive(rstStream(id, CANCEL))
        }
      }
      const sent = pair.frames().filter(({ type }) => type === RST_STREAM)
      expect(sent.map(({ streamId }) => streamId).sort()).toEqual([...ours].sort())
    }),
  )
})
