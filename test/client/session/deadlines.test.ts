import { describe, expect, test } from 'vitest'
import { Deadlines, type Timed } from '../../../src/client/session/deadlines.ts'

class Item implements Timed {
  deadline: number
  slot = -1
  readonly late: number[] = []
  onLate: () => void = () => {
    this.deadline = Number.POSITIVE_INFINITY
  }

  constructor(deadline: number) {
    this.deadline = deadline
  }

  onDeadline(now: number): void {
    this.late.push(now)
    this.onLate()
  }
}

function listOf(...items: readonly Item[]): Deadlines<Item> {
  const list = new Deadlines<Item>()
  for (const item of items) {
    list.add(item)
    list.note(item.deadline)
  }
  return list
}

describe('Deadlines', () => {
  test('only the late are told, and the next moment is found', () => {
    const [a, b] = [new Item(10), new Item(20)]
    const list = listOf(a, b)
    expect(list.next).toBe(10)
    list.expire(9)
    list.expire(10)
    expect([a.late, b.late, list.next]).toEqual([[10], [], 20])
  })

  test('a deadline that was moved is no longer late', () => {
    const a = new Item(10)
    const list = listOf(a)
    a.deadline = 30
    expect(list.note(30)).toBe(false)
    list.expire(10)
    expect([a.late, list.next]).toEqual([[], 30])
  })

  test('removing in the middle, twice, and while others are told', () => {
    const items = [new Item(1), new Item(1), new Item(1)] as const
    const list = listOf(...items)
    items[0].onLate = () => {
      list.remove(items[0])
      list.remove(items[1])
    }
    list.expire(1)
    expect(items.map((item) => item.late.length)).toEqual([1, 0, 1])
    list.remove(items[0])
    expect(list.size).toBe(1)
    expect(list.all()).toEqual([items[2]])
  })

  test('what joins while others are told keeps its deadline', () => {
    const [a, b] = [new Item(1), new Item(5)]
    const list = listOf(a)
    a.onLate = () => {
      a.deadline = 9
      list.add(b)
      list.note(b.deadline)
    }
    list.expire(1)
    expect(list.next).toBe(5)
  })
})
