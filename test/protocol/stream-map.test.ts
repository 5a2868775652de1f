import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Stream, type StreamHost } from '../../src/protocol/stream.ts'
import { StreamMap } from '../../src/protocol/stream-map.ts'
import { RecordingSink } from '../support/engine.ts'

const HEAD = { method: 'GET', scheme: 'https', authority: 'a.test', path: '/', fields: [] }

function stream(id: number): Stream {
  const made = new Stream({} as StreamHost, HEAD, true, new RecordingSink())
  made.id = id
  return made
}

describe('the map of open streams', () => {
  it('is a map, whatever comes and goes', () => {
    const step = fc.record({ id: fc.integer({ min: 1, max: 80 }), add: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const map = new StreamMap()
        const model = new Map<number, Stream>()
        for (const { id, add } of steps) {
          const known = model.get(id)
          if (add && known === undefined) {
            const fresh = stream(id)
            map.add(fresh)
            model.set(id, fresh)
          } else if (!add) {
            expect(map.delete(known ?? stream(id))).toBe(model.delete(id))
          }
          expect(map.get(id)).toBe(model.get(id))
          expect(map.size).toBe(model.size)
        }
        expect(map.values()).toEqual([...model.values()].sort((a, b) => a.id - b.id))
      }),
    )
  })

  it('keeps nothing of a stream that left', () => {
    const map = new StreamMap()
    // The same slot: the second stands before the first.
    const [first, second] = [stream(1), stream(33)]
    map.add(first)
    map.add(second)
    expect(second.chained).toBe(first)
    map.delete(second)
    expect([second.chained, map.get(1), map.get(33)]).toEqual([undefined, first, undefined])
  })
})
