import { describe, expect, it, test } from 'vitest'
import { checkLimits, checkSettings } from '../../src/protocol/limits.ts'
import { EnginePair } from '../support/engine.ts'

const UINT32 = 2 ** 32 - 1

describe('options', () => {
  test.each([
    ['headerTableSize', 4096, 0, UINT32],
    ['maxConcurrentStreams', 100, 0, UINT32],
    ['initialWindowSize', 1_048_576, 0, 2 ** 31 - 1],
    ['maxFrameSize', 16_384, 16_384, 16_777_215],
    ['maxHeaderListSize', 65_536, 0, UINT32],
  ])('settings.%s is %i, and may be %i to %i (RFC 9113 §6.5.2)', (name, fallback, min, max) => {
    expect(checkSettings(undefined)).toHaveProperty(name, fallback)
    expect(checkSettings({ [name]: undefined })).toHaveProperty(name, fallback)
    for (const value of [min, max]) expect(checkSettings({ [name]: value })).toHaveProperty(name, value)
    for (const value of [min - 1, max + 1, min + 0.5, Number.NaN, '5', null]) {
      expect(() => new EnginePair({ settings: { [name]: value } })).toThrow(RangeError)
      expect(() => new EnginePair({ settings: { [name]: value } })).toThrow(`settings.${name}`)
    }
  })

  test.each([
    ['connectionWindowSize', 16_777_216, 65_535, 2 ** 31 - 1],
    ['initialConcurrentStreams', 100, 1, UINT32],
    ['maxConcurrentStreams', 256, 1, UINT32],
    ['maxHeaderFields', 256, 1, UINT32],
    ['maxFieldBlockSize', 262_144, 1024, UINT32],
    ['maxContinuationFrames', 8, 0, UINT32],
    ['maxInformational', 8, 0, UINT32],
    ['maxSettingsEntries', 32, 1, UINT32],
    ['maxQueuedControlFrames', 1000, 1, UINT32],
    ['glitchBurst', 1000, 1, UINT32],
    ['glitchesPerSecond', 33, 0, UINT32],
    ['maxEmptyDataFrames', 100, 0, UINT32],
    ['maxStreamErrors', 200, 1, UINT32],
    ['maxPings', 10, 1, UINT32],
  ])('limits.%s is %i, and may be %i to %i', (name, fallback, min, max) => {
    expect(checkLimits({})).toHaveProperty(name, fallback)
    for (const value of [min, max]) expect(checkLimits({ [name]: value })).toHaveProperty(name, value)
    for (const value of [min - 1, max + 1]) {
      expect(() => new EnginePair({ limits: { [name]: value } })).toThrow(`limits.${name}`)
    }
  })

  it('that do not exist are refused by name', () => {
    expect(() => checkSettings({ enablePush: 1 } as never)).toThrow(TypeError)
    expect(() => checkSettings({ enablePush: 1 } as never)).toThrow('settings.enablePush')
    expect(() => checkLimits({ maxFun: 1 } as never)).toThrow('limits.maxFun')
    expect(() => checkLimits({ toString: 1 } as never)).toThrow('limits.toString')
  })
})
