import { describe, expect, it, test } from 'vitest'
import { OutputBuffer } from '../../src/bytes.ts'
import { Decoder, Encoder, type HeaderField } from '../../src/hpack/index.ts'
import { HUFFMAN_REQUESTS } from './appendix-c.ts'
import { hex, octets } from './hex.ts'

const wireOf = (encoder: Encoder, ...fields: HeaderField[]) => hex(encoder.encode(fields))

/** A field of `size` octets as RFC 7541 §4.1 counts them. */
function fieldOf(name: string, size: number): HeaderField {
  return [name, 'x'.repeat(size - 32 - name.length)]
}

describe('RFC 7541 Appendix C.4', () => {
  it('is how requests are written', () => {
    const encoder = new Encoder()
    for (const { fields, wire } of HUFFMAN_REQUESTS.blocks) {
      const pairs = fields.map((field): HeaderField => {
        const split = field.indexOf('=')
        return [field.slice(0, split), field.slice(split + 1)]
      })
      expect(wireOf(encoder, ...pairs)).toBe(wire.replaceAll(' ', ''))
    }
  })
})

describe('RFC 7541 §6: representations', () => {
  const cases: [rule: string, before: HeaderField[], field: HeaderField, wire: string][] = [
    ['§6.1: a static entry', [], [':status', '404'], '8d'],
    ['§6.1: a static entry for its empty value', [], ['accept', ''], '93'],
    ['§6.1: the newest dynamic entry', [['a', '1']], ['a', '1'], 'be'],
    [
      '§6.1: an older dynamic entry',
      [
        ['a', '1'],
        ['b', '2'],
      ],
      ['a', '1'],
      'bf',
    ],
    [
      '§6.1: an older value of the same name',
      [
        ['a', '1'],
        ['a', '1'],
        ['a', '2'],
      ],
      ['a', '1'],
      'bf',
    ],
    ['§6.2.1: static name', [], [':authority', '~~'], '41027e7e'],
    ['§6.2.1: new name', [], ['a', '~~'], '400161027e7e'],
    [
      '§6.2.1: dynamic name',
      [
        ['a', '1'],
        ['a', '1'],
      ],
      ['a', '~~'],
      '7e027e7e',
    ],
    ['§6.2.2: a name whose newest entry nobody has used', [['a', '1']], ['a', '~~'], '0f2f027e7e'],
    [
      '§6.2.1: the same, for the second time in a row',
      [
        ['a', '1'],
        ['a', '~~'],
      ],
      ['a', '~~'],
      '7e027e7e',
    ],
    ['§6.2.2: seldom repeated', [], [':path', '~~'], '04027e7e'],
    ['§6.2.2: seldom repeated, name in a second octet', [], ['if-match', '~~'], '0f18027e7e'],
    ['§6.2.3: marked', [], ['a', '~~', true], '100161027e7e'],
    ['§6.2.3: marked, static name', [], [':path', '~~', true], '14027e7e'],
    ['§6.2.3: marked, though in the static table', [], [':path', '/', true], '14012f'],
    ['§6.2.3: marked, though in the dynamic table', [['a', '1']], ['a', '1', true], '1f2f0131'],
    ['§5.2: Huffman where shorter', [], [':path', 'no-cache', true], '1486a8eb10649cbf'],
    ['§5.2: plain where Huffman is as long', [], [':path', 'X', true], '140158'],
    ['§5.2: plain where Huffman is longer', [], [':path', '\x00', true], '140100'],
  ]
  test.each(cases)('RFC 7541 %s', (_, before, field, wire) => {
    const encoder = new Encoder()
    encoder.encode(before)
    expect(wireOf(encoder, field)).toBe(wire)
  })

  it('RFC 7541 §4.3: an evicted value is gone, though its name has a newer entry', () => {
    const encoder = new Encoder()
    const decoder = new Decoder()
    encoder.setPeerTableSize(100)
    decoder.setMaxTableSize(100)
    const fields: HeaderField[] = [
      ['a', '1'],
      ['a', '1'],
      ['a', '2'],
      ['b', '3'],
      ['a', '1'],
    ]
    const decoded = fields.flatMap((field) => decoder.decode(encoder.encode([field])))
    expect(decoded).toEqual(fields)
  })

  it('RFC 7541 §5.1: an index that needs a second octet', () => {
    const encoder = new Encoder()
    const fields = Array.from({ length: 70 }, (_, i): HeaderField => [`n${i}`, 'v'])
    encoder.encode(fields)
    expect(wireOf(encoder, ['n4', 'v'])).toBe('ff00')
    expect(wireOf(encoder, ['n0', 'v'])).toBe('ff04')
  })
})

describe('RFC 7541 §7.1.3: what is never indexed by itself', () => {
  const cookie19 = 'a=34567890123456789'
  test.each([
    ['authorization', 'Bearer x', '1f08'],
    ['proxy-authorization', 'Basic x', '1f22'],
    ['cookie', cookie19, '1f11'],
  ])('%s: %s', (name, value, head) => {
    const encoder = new Encoder()
    const first = wireOf(encoder, [name, value])
    expect(first.startsWith(head)).toBe(true)
    expect(wireOf(encoder, [name, value])).toBe(first)
    expect(new Decoder().decode(octets(first))).toEqual([[name, value, true]])
  })

  it('indexes a cookie of 20 octets', () => {
    const encoder = new Encoder()
    encoder.encode([['cookie', `${cookie19}0`]])
    expect(wireOf(encoder, ['cookie', `${cookie19}0`])).toBe('be')
  })
})

describe('which fields get an entry', () => {
  const SELDOM = [
    ':path',
    'age',
    'content-length',
    'content-range',
    'etag',
    'if-match',
    'if-modified-since',
    'if-none-match',
    'if-range',
    'if-unmodified-since',
    'last-modified',
    'location',
    'range',
    'set-cookie',
  ]
  test.each(SELDOM)('%s: from the second time in a row on', (name) => {
    const encoder = new Encoder()
    const lengths = ['/12', '/34', '/12', '/12', '/12', '/34'].map(
      (value) => encoder.encode([[name, value]]).length,
    )
    expect(lengths.map((length) => length > 1)).toEqual([true, true, true, true, false, true])
  })

  test.each(['accept', 'user-agent', 'x-new', 'date'])('%s: at once', (name) => {
    const encoder = new Encoder()
    encoder.encode([[name, 'q']])
    expect(wireOf(encoder, [name, 'q'])).toBe('be')
  })

  test.each([
    ['three quarters of the table', 3072, true],
    ['one octet more', 3073, false],
    ['more than the table', 5000, false],
  ])('RFC 7541 §4.4: a field of %s', (_, size, indexed) => {
    const encoder = new Encoder()
    encoder.encode([['a', '1']])
    const field = fieldOf('big', size)
    encoder.encode([field])
    expect(encoder.encode([field]).length === 1).toBe(indexed)
    // Either way the small entry is still there.
    expect(encoder.encode([['a', '1']]).length).toBe(1)
  })
})

describe('RFC 7541 §4: the table', () => {
  it('RFC 7541 §4.4: names and values are forgotten with their entries', () => {
    const encoder = new Encoder({ maxTableSize: 68 })
    encoder.encode([
      ['a', '1'],
      ['a', '1'],
      ['a', '2'],
    ])
    expect(wireOf(encoder, ['a', '1'])).toBe('bf')
    // Evicts a=1; the name is still there with a=2.
    expect(wireOf(encoder, ['b', '~'])).toBe('400162017e')
    expect(wireOf(encoder, ['a', '2'])).toBe('bf')
    // Evicts a=2 and with it the name.
    expect(wireOf(encoder, ['c', '~'])).toBe('400163017e')
    expect(wireOf(encoder, ['a', '~'])).toBe('400161017e')
  })

  it('RFC 7541 §4.4: a static name outlives its dynamic entries', () => {
    const encoder = new Encoder({ maxTableSize: 100 })
    encoder.encode([['accept', '~']])
    encoder.encode([fieldOf('b', 70)])
    expect(wireOf(encoder, ['accept', '~'])).toBe('53017e')
    expect(wireOf(encoder, ['accept', ''])).toBe('93')
  })

  it('RFC 7541 §4.4: an insertion may evict the entry that names it', () => {
    const encoder = new Encoder({ maxTableSize: 80 })
    const decoder = new Decoder()
    for (const value of ['1'.repeat(12), '2'.repeat(12), '2'.repeat(12)]) {
      expect(decoder.decode(encoder.encode([['long', value]]))).toEqual([['long', value]])
    }
  })

  test.each([
    ['nothing to say at first', undefined, [], ''],
    ['a cap below the initial size is said at first', 256, [], '3fe101'],
    ['a cap of 0', 0, [], '20'],
    ['a cap above it waits for the peer', 65536, [], ''],
    ['the peer lowers', undefined, [256], '3fe101'],
    ['the peer lowers to 0', undefined, [0], '20'],
    ['the peer raises above the cap', undefined, [65536], ''],
    ['the peer raises below the cap', 65536, [16384], '3fe17f'],
    ['the peer repeats the initial size', undefined, [4096], ''],
    ['down and up: the smallest, then the last', undefined, [0, 4096], '203fe11f'],
    ['down, down, up', undefined, [1024, 256, 512], '3fe1013fe103'],
    ['down, up, down', undefined, [256, 1024, 512], '3fe1013fe103'],
    ['down and down: the last', undefined, [512, 256], '3fe101'],
    ['up and down to where it was', 65536, [16384, 4096], ''],
    ['lowered, but not below the cap', 256, [1024], '3fe101'],
  ] as const)('RFC 7541 §4.2: %s', (_, cap, sizes, wire) => {
    const encoder = new Encoder(cap === undefined ? {} : { maxTableSize: cap })
    for (const size of sizes) encoder.setPeerTableSize(size)
    expect(wireOf(encoder)).toBe(wire)
    // Said once.
    expect(wireOf(encoder)).toBe('')
  })

  it('RFC 7541 §4.3: a lowering evicts when it is written, not before', () => {
    const encoder = new Encoder()
    encoder.encode([
      ['a', '1'],
      ['b', '2'],
    ])
    encoder.setPeerTableSize(34)
    expect(wireOf(encoder, ['b', '2'], ['a', '1', true])).toBe('3f03be1001610131')
  })

  it('RFC 7541 §4.2: a table of no octets is not used', () => {
    const encoder = new Encoder({ maxTableSize: 0 })
    expect(wireOf(encoder, ['a', '~'])).toBe('20000161017e')
    expect(wireOf(encoder, ['a', '~'])).toBe('000161017e')
  })

  it('refuses what is no table size', () => {
    expect(() => new Encoder({ maxTableSize: -1 })).toThrow(RangeError)
    expect(() => new Encoder().setPeerTableSize(0.5)).toThrow(RangeError)
  })
})

describe('the two ways to encode', () => {
  it('takes a record, a list, or any iterable', () => {
    function* fields(): Generator<HeaderField> {
      yield [':method', 'GET']
      yield ['a', '~']
    }
    const wire = '82400161017e'
    expect(hex(new Encoder().encode({ ':method': 'GET', a: '~' }))).toBe(wire)
    expect(hex(new Encoder().encode([...fields()]))).toBe(wire)
    expect(hex(new Encoder().encode(fields()))).toBe(wire)
  })

  test.each([
    ['a character above 0xFF in a value', ['b', '\u0100']],
    ['a character above 0xFF in a name', ['\u20ac', '1']],
    ['half of a pair', ['b', '\ud83d']],
    ['a number', ['b', 1 as unknown as string]],
    ['nothing', ['b', undefined as unknown as string]],
  ] as [string, HeaderField][])('RFC 7541 §5.2: refuses %s, with nothing changed', (_, field) => {
    const encoder = new Encoder({ maxTableSize: 256 })
    expect(() => encoder.encode([['a', '~'], field])).toThrow(TypeError)
    expect(wireOf(encoder, ['a', '~'])).toBe('3fe101400161017e')
  })

  it('writes behind what is in the buffer, which may have to grow', () => {
    const encoder = new Encoder()
    const out = new OutputBuffer(4)
    out.uint8(0xaa)
    encoder.setPeerTableSize(0)
    encoder.begin(out)
    encoder.field(out, ':method', 'GET', false)
    encoder.field(out, 'a', '~'.repeat(100), false)
    encoder.field(out, 'b', '~', true)
    expect(hex(out.take())).toBe(`aa2082000161${'64'}${'7e'.repeat(100)}100162017e`)
  })

  it('RFC 7541 §5.2: writes nothing of a field with a character above 0xFF', () => {
    const out = new OutputBuffer()
    const encoder = new Encoder()
    encoder.begin(out)
    expect(() => encoder.field(out, 'a', '\u010a', false)).toThrow(TypeError)
    expect(() => encoder.field(out, '\u010a', 'a', true)).toThrow(TypeError)
    expect(out.length).toBe(0)
  })

  it('writes every octet value', () => {
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, octet) => octet))
    expect(new Decoder().decode(new Encoder().encode([[all, all]]))).toEqual([[all, all]])
  })
})
