import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { splitLimits } from '../../src/client/settings/limits.ts'
import { checkLimits, checkSettings } from '../../src/protocol/limits.ts'

const text = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8')
const defaults: Record<string, number> = {}
for (const [name, value] of Object.entries(checkSettings(undefined))) defaults[`settings.${name}`] = value
for (const [name, value] of Object.entries(checkLimits(undefined))) defaults[`limits.${name}`] = value
const { decode, maxUnread } = splitLimits(undefined)
Object.assign(defaults, {
  'limits.maxUnread': maxUnread,
  'limits.maxDecodedRatio': decode.maxRatio,
  'limits.freeDecodedSize': decode.freeSize,
})

/** The rows of the table of limits: the numbers of a cell, and the options they belong to. */
const rows = [...text.matchAll(/^\|[^|]+\| ([\d,]+(?:, [\d,]+)*) \| (`.+`) \|$/gm)].flatMap(
  ([, numbers, names]) => {
    const values = numbers!.split(', ').map((number) => Number(number.replaceAll(',', '')))
    return names!.split(', ').map((name, i): [string, number] => [name.slice(1, -1), values[i]!])
  },
)

describe('SECURITY.md', () => {
  it.each(rows)('states the default of %s', (name, value) => {
    expect(defaults[name]).toBe(value)
  })

  it('has rows', () => {
    expect(rows.length).toBeGreaterThan(10)
  })
})
