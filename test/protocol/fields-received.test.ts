import * as fc from 'fast-check'
import { describe, expect, it, test, vi } from 'vitest'
import { FieldReader, NO_CONTENT_LENGTH } from '../../src/protocol/fields-received.ts'

const reader = new FieldReader()

describe(':status (RFC 9113 §8.3.2)', () => {
  test.each([
    ['100', 100],
    ['200', 200],
    ['599', 599],
    ['999', 999],
  ])('%j is a status', (text, status) => {
    expect(reader.status([':status', text])).toBe(status)
  })

  test.each([
    ['099'],
    ['20'],
    ['2000'],
    [''],
    ['2 0'],
    ['+20'],
    ['20x'],
    ['0x1'],
    ['1e2'],
    ['-20'],
    ['２００'],
  ])('%j is none', (text) => {
    expect(reader.status([':status', text])).toBe(0)
  })

  test.each([[[]], [['a', 'b']], [['a', 'b', ':status', '200']], [['status', '200']], [[':method', 'GET']]])(
    'does not stand first in %j',
    (fields) => {
      expect(reader.status(fields)).toBe(0)
    },
  )
})

describe('received fields (RFC 9113 §8.2)', () => {
  test.each<[string, string, string]>([
    ['a name of any visible characters', 'x(a)/"{}[]@,;=?\\', 'v'],
    ['nothing as a value', 'x', ''],
    ['control characters inside', 'x', 'a\x01\t\x7fb'],
    ['octets above ASCII', 'x', '\x80\xff'],
    ['set-cookie', 'set-cookie', 'a=b; c=d, e'],
    ['host', 'host', 'anything'],
  ])('may have %s', (_name, name, value) => {
    expect(reader.read([name, value], 0)).toBeUndefined()
    expect(reader.read([name, value], 0)).toBeUndefined()
  })

  const bad: [string, string, string, RegExp][] = [
    ['an empty name', '', 'v', /field name/],
    ['a capital', 'xA', 'v', /field name/],
    ['a colon inside the name', 'x:y', 'v', /field name/],
    ['a pseudo-header field', ':path', '/', /pseudo-header/],
    ['a colon alone', ':', 'v', /pseudo-header/],
    ['NUL in a value', 'x', 'a\0', /NUL, CR or LF/],
    ['CR in a value', 'x', 'a\rb', /NUL, CR or LF/],
    ['LF in a value', 'x', 'a\nb', /NUL, CR or LF/],
    ['a space before', 'x', ' a', /white space/],
    ['a space behind', 'x', 'a ', /white space/],
    ['a tab before', 'x', '\ta', /white space/],
    ['a tab behind', 'x', 'a\t', /white space/],
    ['connection', 'connection', 'x', /connection/],
    ['proxy-connection', 'proxy-connection', 'x', /proxy-connection/],
    ['keep-alive', 'keep-alive', 'x', /keep-alive/],
    ['transfer-encoding', 'transfer-encoding', 'x', /transfer-encoding/],
    ['upgrade', 'upgrade', 'x', /upgrade/],
    ['te', 'te', 'trailers', /te/],
  ]
  for (let octet = 0; octet <= 0xff; octet++) {
    const forbidden = octet <= 0x20 || (octet >= 0x41 && octet <= 0x5a) || octet >= 0x7f
    const name = `x${String.fromCharCode(octet)}`
    if (forbidden) bad.push([`octet 0x${octet.toString(16)} in a name`, name, 'v', /field name/])
  }
  test.each(bad)('may not have %s', (_name, name, value, rule) => {
    expect(reader.read(['fine', 'yes', name, value], 0)).toMatch(rule)
    expect(reader.read(['fine', 'yes', name, value, 'fine', 'yes'], 0)).toMatch(rule)
  })

  it('are read from where the caller says', () => {
    expect(reader.read([':status', '200', 'a', 'b'], 2)).toBeUndefined()
    expect(reader.read([':status', '200', 'a', 'b'], 0)).toMatch(/pseudo-header/)
  })

  it('are judged alike however many names there were: the memory of them is bounded', () => {
    const fresh = new FieldReader()
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 600; i++) {
        expect(fresh.read([`n${i}`, 'v'], 0)).toBeUndefined()
        expect(fresh.read([`N${i}`, 'v'], 0)).toMatch(/field name/)
      }
    }
    expect(fresh.read(['a'.repeat(10_000), 'v'], 0)).toBeUndefined()
  })

  it('leave no more than 256 names in memory, and none above 64 octets', async () => {
    vi.resetModules()
    const { FieldReader: Forgetful } = await import('../../src/protocol/fields-received.ts')
    const fresh = new Forgetful()
    // What is not remembered is matched anew each time.
    const matched = vi.spyOn(RegExp.prototype, 'test')
    const times = (name: string) => {
      matched.mockClear()
      for (let i = 0; i < 3; i++) {
        fresh.read([name, ''], 0)
        fresh.read(['content-length', '0'], 0)
      }
      return matched.mock.calls.filter(([text]) => text === name).length
    }
    try {
      expect(times('l'.repeat(64))).toBe(1)
      expect(times('l'.repeat(65))).toBe(3)
      for (let i = 0; i < 256; i++) fresh.read([`m${i}`, ''], 0)
      expect(times('one-more')).toBe(3)
      expect(times('m0')).toBe(0)
      expect(times('content-length')).toBe(0)
    } finally {
      matched.mockRestore()
    }
  })

  it('are judged as by a reader that has read nothing before, whatever was read', () => {
    const name = fc.constantFrom('content-length', 'te', 'a', 'b', 'A', '', ':a')
    const value = fc.constantFrom('', '0', '1', '01', 'x', ' x', 'x\n', 'y'.repeat(3000))
    const section = fc.array(fc.tuple(name, value), { maxLength: 4 })
    const from = fc.constantFrom(0, 2)
    fc.assert(
      fc.property(fc.array(fc.tuple(section, from), { minLength: 2, maxLength: 8 }), (sections) => {
        const experienced = new FieldReader()
        for (const [pairs, start] of sections) {
          const fields = start === 0 ? pairs.flat() : [':status', '200', ...pairs.flat()]
          const fresh = new FieldReader()
          expect(experienced.read(fields, start)).toBe(fresh.read(fields, start))
          expect(experienced.contentLength).toBe(fresh.contentLength)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('are not looked at again where the last section had the same, but for more than 32 and long ones', () => {
    const fresh = new FieldReader()
    const fields = ['long', 'v'.repeat(2045), 'short', 'v'.repeat(2043)]
    for (let i = 2; i < 40; i++) fields.push(`n${i}`, `v${i}`)
    const matched = vi.spyOn(RegExp.prototype, 'test')
    const looked = (): number => {
      matched.mockClear()
      expect(fresh.read(fields, 0)).toBeUndefined()
      return matched.mock.calls.filter(([text]) => text.startsWith('v')).length
    }
    try {
      // The first section is not remembered: a connection may have no other.
      expect([looked(), looked(), looked(), looked()]).toEqual([40, 40, 9, 9])
    } finally {
      matched.mockRestore()
    }
  })
})

describe('content-length (RFC 9110 §8.6)', () => {
  test.each<[string[], number]>([
    [[], NO_CONTENT_LENGTH],
    [['content-length', '0'], 0],
    [['content-length', '007'], 7],
    [['content-length', '999999999999999'], 999_999_999_999_999],
    [['content-length', '5', 'a', 'b', 'content-length', '5'], 5],
    [['content-length', '5', 'content-length', '05'], 5],
  ])('%j is read', (fields, length) => {
    expect(reader.read(fields, 0)).toBeUndefined()
    expect(reader.contentLength).toBe(length)
  })

  test.each([
    [['content-length', '']],
    [['content-length', '-1']],
    [['content-length', '+1']],
    [['content-length', '1.0']],
    [['content-length', '0x1']],
    [['content-length', '1e3']],
    [['content-length', '5, 5']],
    [['content-length', 'x']],
    [['content-length', '1000000000000000']],
    [['content-length', '5', 'content-length', '6']],
    [['content-length', '0', 'content-length', '6']],
  ])('%j is malformed', (fields) => {
    expect(reader.read(fields, 0)).toMatch(/content-length/)
  })

  it('of one section is not that of the next', () => {
    reader.read(['content-length', '5'], 0)
    reader.read(['a', 'b'], 0)
    expect(reader.contentLength).toBe(NO_CONTENT_LENGTH)
  })
})
