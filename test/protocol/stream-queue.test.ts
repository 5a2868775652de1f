import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Link, StreamQueue } from '../../src/protocol/stream-queue.ts'

class Item extends Link {
  readonly name: number
  constructor(name: number) {
    super()
    this.name = name
  }
}

function drain(queue: StreamQueue<Item>): number[] {
  const names: number[] = []
  for (let item = queue.first; item !== undefined; item = queue.first) {
    names.push(item.name)
    item.unlink()
  }
  return names
}

describe('a stream queue', () => {
  it('is empty at first, and holds what is pushed in order', () => {
    const queue = new StreamQueue<Item>()
    expect([queue.empty, queue.first]).toEqual([true, undefined])
    for (const name of [1, 2, 3]) queue.push(new Item(name))
    expect(queue.empty).toBe(false)
    expect(drain(queue)).toEqual([1, 2, 3])
    expect(queue.empty).toBe(true)
  })

  it('lets go of a link anywhere in it, once or more', () => {
    const queue = new StreamQueue<Item>()
    const items = [1, 2, 3, 4].map((name) => new Item(name))
    for (const item of items) queue.push(item)
    for (const at of [1, 3, 0, 0]) items[at]!.unlink()
    expect(items.map((item) => item.linked)).toEqual([false, false, true, false])
    expect(drain(queue)).toEqual([3])
  })

  const operation = fc.tuple(fc.constantFrom('push', 'unlink', 'absorb'), fc.nat(5), fc.nat(2), fc.nat(2))

  it('does what lists would do, whatever is pushed, removed and joined', () => {
    const property = fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const items = Array.from({ length: 6 }, (_, name) => new Item(name))
      const queues = [0, 1, 2].map(() => new StreamQueue<Item>())
      const lists: number[][] = [[], [], []]
      const remove = (name: number) => {
        for (const list of lists) if (list.includes(name)) list.splice(list.indexOf(name), 1)
      }
      for (const [what, name, to, from] of operations) {
        if (what === 'absorb') {
          if (to === from) continue
          queues[to]!.absorb(queues[from]!)
          lists[to]!.push(...lists[from]!.splice(0))
          continue
        }
        remove(name)
        if (what === 'push') {
          queues[to]!.push(items[name]!)
          lists[to]!.push(name)
        } else items[name]!.unlink()
        expect(items[name]!.linked).toBe(what === 'push')
      }
      expect(queues.map(drain)).toEqual(lists)
    })
    fc.assert(property, { numRuns: 200 })
  })
})
