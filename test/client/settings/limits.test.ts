import { describe, expect, it, test } from 'vitest'
import { splitLimits } from '../../../src/client/settings/limits.ts'
import { Client, HTTP20Connection } from '../../../src/index.ts'

/** Makes both that take limits. They throw the same. */
const made = (limits: object) => () => {
  let thrown: unknown
  try {
    new HTTP20Connection('a.test', { limits })
  } catch (error) {
    thrown = error
  }
  if (thrown === undefined) new Client({ limits })
  else expect(() => new Client({ limits })).toThrow(thrown as Error)
  if (thrown !== undefined) throw thrown
}

describe('limits', () => {
  it.each([
    ['maxDecodedSize', 'maxSize', Number.POSITIVE_INFINITY],
    ['maxDecodedRatio', 'maxRatio', 100],
    ['freeDecodedSize', 'freeSize', 33_554_432],
  ] as const)('limits.%s is %s %d, and may be 1 to Infinity', (name, own, fallback) => {
    expect(splitLimits(undefined).decode[own]).toBe(fallback)
    expect(splitLimits({ [name]: undefined }).decode[own]).toBe(fallback)
    for (const value of [1, 5_000_000_000, Number.POSITIVE_INFINITY]) {
      const { decode, engine } = splitLimits({ [name]: value })
      expect(decode[own]).toBe(value)
      expect(engine, 'the engine knows nothing of it').toEqual({})
    }
    for (const value of [0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, '5', null]) {
      expect(made({ [name]: value })).toThrow(RangeError)
      expect(made({ [name]: value })).toThrow(`limits.${name}`)
    }
  })

  test('the engine checks its own, among the client’s', () => {
    expect(splitLimits({ maxPings: 3, maxDecodedSize: 5 }).engine).toEqual({ maxPings: 3 })
    expect(made({ maxDecodedSize: 5, maxPings: 3 })).not.toThrow()
    expect(made({ maxDecodedSize: 5, maxPings: 0 })).toThrow(RangeError)
    expect(made({ maxDecodedSize: 5, maxPings: 0 })).toThrow('limits.maxPings')
  })

  it.each(['maxFun', 'maxSize', 'maxdecodedsize', 'toString', '__proto__'])(
    '%s is refused by name',
    (name) => {
      const limits = Object.fromEntries([['maxDecodedSize', 5], [name, 1]]) // biome-ignore format: short
      expect(made(limits)).toThrow(TypeError)
      expect(made(limits)).toThrow(`limits.${name} is not an option`)
    },
  )
})
