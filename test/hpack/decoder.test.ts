import { describe, expect, it, test } from 'vitest'
import {
  ABANDONED,
  DECODED,
  Decoder,
  type DecoderOptions,
  HPACKDecodingError,
  OVERSIZE,
} from '../../src/hpack/index.ts'
import { writeInteger } from '../../src/hpack/prefix-integer.ts'
import { EXAMPLES } from './appendix-c.ts'
import { hex, octets } from './hex.ts'

/** Decodes blocks in turn and shows the fields of the last one as `name=value`. */
function decodeAll(decoder: Decoder, ...wires: string[]): string[] {
  let fields: string[] = []
  for (const wire of wires) fields = decoder.decode(octets(wire)).map(([name, value]) => `${name}=${value}`)
  return fields
}

/** A block that names the first `count` dynamic entries. */
function probe(count: number): string {
  return hex(Uint8Array.from({ length: count }, (_, place) => 0x80 | (62 + place)))
}

/** An `:authority` that is not indexed, from the H bit and the octets of its value. */
function literal(huffman: number, length: number, octetAt: (i: number) => number): Uint8Array {
  const head = new Uint8Array(7)
  head[0] = 0x01
  const from = writeInteger(head, 1, huffman, 0x7f, length)
  return Uint8Array.of(...head.subarray(0, from), ...Array.from({ length }, (_, i) => octetAt(i)))
}

/** Literals of one octet each: 34 octets as entry or field. */
const INSERT_A = '40 01 61 01 31'
const INSERT_B = '40 01 62 01 32'
const PLAIN_A = '00 01 61 01 31'

/** A decoder with the two entries b=2 and a=1. */
function withTwoEntries(options?: DecoderOptions): Decoder {
  const decoder = new Decoder(options)
  decodeAll(decoder, INSERT_A + INSERT_B)
  return decoder
}

describe('RFC 7541 Appendix C', () => {
  for (const { name, tableSize, blocks } of EXAMPLES) {
    test.each(blocks.map((block, i) => [i, block] as const))(`RFC 7541 ${name}, block %i`, (at, block) => {
      const decoder = new Decoder({ maxTableSize: tableSize })
      const wires = blocks.slice(0, at + 1).map(({ wire }) => wire)
      expect(decodeAll(decoder, ...wires)).toEqual(block.fields)
      expect(decodeAll(decoder, probe(block.table.length))).toEqual(block.table)
      expect(decoder.listSize).toBe(block.size)
      expect(() => decodeAll(decoder, probe(block.table.length + 1))).toThrow(/RFC 7541 §2\.3\.3/)
    })
  }
})

describe('RFC 7541 §6: representations', () => {
  const cases: [rule: string, wire: string, fields: string[]][] = [
    ['§6: an empty block', '', []],
    ['§6.1: static entry without a value', '81', [':authority=']],
    ['§6.1: the last static entry', 'bd', ['www-authenticate=']],
    ['§6.1: a dynamic entry', 'be', ['b=2']],
    ['§6.1: the oldest dynamic entry', 'bf', ['a=1']],
    ['§6.2.1: static name', '41 01 78', [':authority=x']],
    ['§6.2.1: dynamic name', '7f 00 01 78', ['a=x']],
    ['§6.2.2: static name', '04 01 78', [':path=x']],
    ['§6.2.2: name in a second octet', '0f 2f 01 78', ['b=x']],
    ['§6.2.2: new name', '00 01 63 01 78', ['c=x']],
    ['§6.2.3: static name', '1f 08 01 78', ['authorization=x']],
    ['§6.2.3: new name', '10 01 63 01 78', ['c=x']],
    ['§5.2: empty name and value', '00 00 00', ['=']],
    ['§5.2: empty Huffman-coded strings', '00 80 80', ['=']],
    ['§5.2: plain octets above 0x7f', '00 02 c3a9 02 00ff', ['\xc3\xa9=\x00\xff']],
    ['§2.2: order and repeats are kept', '82 be 82 bf', [':method=GET', 'b=2', ':method=GET', 'a=1']],
    ['§2.3.2: a duplicate entry', `${INSERT_A} ${INSERT_A} be bf`, ['a=1', 'a=1', 'a=1', 'a=1']],
  ]
  test.each(cases)('RFC 7541 %s', (_, wire, fields) => {
    expect(decodeAll(withTwoEntries(), wire)).toEqual(fields)
  })

  const invalid: [rule: string, wire: string, message: RegExp][] = [
    ['§6.1: index 0', '80', /index 0 \(RFC 7541 §6\.1\)/],
    ['§2.3.3: index behind the dynamic table', 'c0', /index 64 where the tables end at 63/],
    ['§2.3.3: name index behind the dynamic table', '7f 01 01 78', /index 64/],
    ['§2.3.3: name index behind the table, not indexed', '0f 31 01 78', /index 64/],
    ['§2.3.3: name index behind the table, never indexed', '1f 31 01 78', /index 64/],
    ['§5.1: index above 2^31 - 1', 'ff 81 ff ff ff 0f', /2\^31/],
    ['§5.1: index of seven octets', 'ff 80 80 80 80 80 00', /6 octets/],
    ['§5.1: index cut off', 'ff', /cut off/],
    ['§5.1: size update cut off', '3f', /cut off/],
    ['§5.1: name index cut off', '7f', /cut off/],
    ['§5.2: name missing', '40', /string missing/],
    ['§5.2: value missing', '41', /string missing/],
    ['§5.2: name longer than the block', '40 02 61', /string of 2 octets where 1 are left/],
    ['§5.2: value longer than the block', '41 03 61 61', /string of 3 octets where 2 are left/],
    ['§5.2: value of 2^31 - 1 octets', '41 7f 80 ff ff ff 07', /string of 2147483647 octets/],
    ['§5.2: string length cut off', '41 7f 80', /cut off/],
    ['§5.2: EOS', '41 84 ff ff ff ff', /EOS/],
    ['§5.2: Huffman padding of zeros', '41 81 00', /not all ones/],
    ['§5.2: Huffman padding of eight bits', '41 81 ff', /more than 7 bits/],
  ]
  test.each(invalid)('RFC 7541 %s is an error', (_, wire, message) => {
    const decoder = withTwoEntries()
    const attempt = () => decoder.decode(octets(wire))
    expect(attempt).toThrow(message)
    // RFC 9113 §4.3: nothing that follows can be trusted.
    expect(attempt).toThrow(HPACKDecodingError)
    expect(attempt).toThrow(/earlier block/)
  })

  it('RFC 7541 §4.4: a name taken from the entry that its own insertion evicts', () => {
    const decoder = new Decoder({ maxTableSize: 70 })
    const name = '6c6f6e672d6e616d65'
    expect(decodeAll(decoder, `40 09 ${name} 0a 30313233343536373839`)).toEqual(['long-name=0123456789'])
    expect(decodeAll(decoder, '7e 0b 3132333435363738393031')).toEqual(['long-name=12345678901'])
    expect(decodeAll(decoder, 'be')).toEqual(['long-name=12345678901'])
    expect(() => decodeAll(decoder, 'bf')).toThrow(/index 63/)
  })

  it('RFC 7541 §4.4: an entry larger than the table is a field, and empties it', () => {
    const decoder = new Decoder({ maxTableSize: 70 })
    decodeAll(decoder, INSERT_A)
    const long = '78'.repeat(60)
    expect(decodeAll(decoder, `41 3c ${long}`)).toEqual([`:authority=${'x'.repeat(60)}`])
    expect(() => decodeAll(decoder, 'be')).toThrow(/index 62/)
  })

  it.each([0, 1, 3, 4, 15, 16, 17, 35, 126, 127, 5000])(
    'RFC 7541 §5.2: a plain string of %i octets',
    (length) => {
      const text = 'abcdefg'.repeat(1000).slice(0, length)
      expect(new Decoder().decode(literal(0, length, (i) => text.charCodeAt(i)))).toEqual([
        [':authority', text],
      ])
    },
  )

  // Eight times 'a', 00011, are five octets. 1280 octets are the first that need more than 2 KiB.
  it.each([0, 5, 75, 80, 125, 130, 1275, 1280, 5000])(
    'RFC 7541 §5.2: a Huffman-coded string of %i octets',
    (length) => {
      const block = literal(0x80, length, (i) => [0x18, 0xc6, 0x31, 0x8c, 0x63][i % 5]!)
      expect(new Decoder().decode(block)).toEqual([[':authority', 'a'.repeat((length / 5) * 8)]])
    },
  )
})

describe('RFC 7541 §4.2: table size updates', () => {
  const cases: [rule: string, lowered: number[], wire: string, message: RegExp | undefined][] = [
    ['§6.3: to the limit', [], '3f e1 1f', undefined],
    ['§6.3: one above the limit', [], '3f e2 1f', /4097 where 4096 is allowed \(RFC 7541 §6\.3\)/],
    ['§4.2: two', [], '20 3f e1 1f', undefined],
    ['§4.2: three', [], '20 20 20', /more than two/],
    ['§4.2: behind a field', [], '82 20', /behind a field/],
    ['§4.2: alone in a block', [], '20', undefined],
    ['§4.2: none after a lowering', [1000], '82', /at most 1000/],
    ['§4.2: none after a lowering, in an empty block', [1000], '', /at most 1000/],
    ['§4.2: to the lowered limit', [1000], '3f c9 07', undefined],
    ['§4.2: below the lowered limit', [1000], '20', undefined],
    ['§6.3: above the lowered limit', [1000], '3f ca 07', /1001 where 1000 is allowed/],
    ['§4.2: the smallest, then the last', [0, 4096], '20 3f e1 1f', undefined],
    ['§4.2: the last without the smallest', [0, 4096], '3f e1 1f', /at most 0/],
    ['§4.2: the smallest alone', [0, 4096], '20', undefined],
    ['§4.2: the smallest is kept when a larger lowering follows', [10, 1000], '3f c9 07', /at most 10/],
    ['§4.2: none after a raise', [8192], '82', undefined],
    ['§4.2: none after a lowering to the size in use', [8192, 4096], '82', undefined],
    ['§6.3: to a raised limit', [8192], '3f e1 3f', undefined],
  ]
  test.each(cases)('RFC 7541 %s', (_, limits, wire, message) => {
    const decoder = new Decoder()
    for (const limit of limits) decoder.setMaxTableSize(limit)
    const attempt = () => decoder.decode(octets(wire))
    if (message === undefined) {
      attempt()
      // What was due was given: the next block needs none.
      expect(decodeAll(decoder, '82')).toEqual([':method=GET'])
    } else {
      expect(attempt).toThrow(message)
      expect(attempt).toThrow(HPACKDecodingError)
    }
  })

  it('RFC 7541 §4.3: an update evicts', () => {
    const decoder = withTwoEntries()
    expect(decodeAll(decoder, '3f 03 be')).toEqual(['b=2'])
    expect(() => decodeAll(decoder, 'bf')).toThrow(/index 63/)
  })

  it('RFC 7541 §4.2: 0 and back empties the table', () => {
    const decoder = withTwoEntries()
    expect(() => decodeAll(decoder, '20 3f e1 1f be')).toThrow(/index 62/)
  })

  it('RFC 9113 §4.3.1: a limit binds only from its acknowledgement, an update at once', () => {
    const decoder = withTwoEntries()
    decoder.setMaxTableSize(34)
    expect(decodeAll(decoder, '3f 03 be')).toEqual(['b=2'])
    expect(decodeAll(decoder, INSERT_A, 'be')).toEqual(['a=1'])
    expect(() => decodeAll(decoder, 'bf')).toThrow(/index 63/)
  })

  it('RFC 7541 §4.2: an encoder has the initial size until it says more', () => {
    const decoder = new Decoder({ maxTableSize: 65536 })
    decodeAll(decoder, `41 7f 81 1f ${'78'.repeat(4096)}`)
    expect(() => decodeAll(decoder, 'be')).toThrow(/index 62/)
    const raised = new Decoder({ maxTableSize: 65536 })
    decodeAll(raised, `3f e1 ff 03 41 7f 81 1f ${'78'.repeat(4096)}`)
    expect(decodeAll(raised, 'be')).toEqual([`:authority=${'x'.repeat(4096)}`])
  })
})

describe('limits', () => {
  /** Decodes one block and shows everything that there is to see. */
  function outcome(decoder: Decoder, wire: string) {
    const fields: string[] = []
    const block = octets(wire)
    const verdict = decoder.decodeInto(block, 0, block.length, fields)
    return { verdict, fields, listSize: decoder.listSize, fieldCount: decoder.fieldCount }
  }
  const three = PLAIN_A.repeat(3)

  test.each([
    ['fields at the limit', { maxFields: 3 }, DECODED, 3],
    ['one field above', { maxFields: 2 }, OVERSIZE, 2],
    ['no field allowed', { maxFields: 0 }, OVERSIZE, 0],
    ['octets at the limit', { maxHeaderListSize: 102 }, DECODED, 3],
    ['one octet above', { maxHeaderListSize: 101 }, OVERSIZE, 2],
    ['a quarter of the octets', { maxHeaderListSize: 25.5 }, OVERSIZE, 0],
    ['less than a quarter', { maxHeaderListSize: 25.25 }, ABANDONED, 0],
  ] as const)('RFC 9113 §6.5.2: %s', (_, options, verdict, stored) => {
    expect(outcome(new Decoder(options), three)).toEqual({
      verdict,
      fields: new Array<string[]>(stored).fill(['a', '1']).flat(),
      listSize: 102,
      fieldCount: 3,
    })
  })

  it('RFC 9113 §4.3: what is too large still changes the table', () => {
    const decoder = new Decoder({ maxHeaderListSize: 40, maxFields: 256 })
    const first = outcome(decoder, PLAIN_A + INSERT_A + INSERT_B)
    expect(first).toMatchObject({ verdict: OVERSIZE, fields: ['a', '1'], listSize: 102 })
    expect(outcome(decoder, 'be').fields).toEqual(['b', '2'])
    expect(outcome(decoder, 'bf').fields).toEqual(['a', '1'])
  })

  it('RFC 7541 §4.4: an entry that is too large for list and table empties the table', () => {
    const decoder = new Decoder({ maxTableSize: 70, maxHeaderListSize: 90 })
    decodeAll(decoder, INSERT_A)
    expect(outcome(decoder, `41 3c ${'78'.repeat(60)}`)).toMatchObject({ verdict: OVERSIZE, fields: [] })
    expect(() => decodeAll(decoder, 'be')).toThrow(/index 62/)
  })

  it('refuses what is invalid behind the limit, too', () => {
    const decoder = new Decoder({ maxFields: 1 })
    expect(() => outcome(decoder, '82 82 00 81 00 00')).toThrow(/not all ones/)
  })

  it('starts every block anew', () => {
    const decoder = new Decoder({ maxFields: 2 })
    expect(outcome(decoder, three).verdict).toBe(OVERSIZE)
    expect(outcome(decoder, '82')).toEqual({
      verdict: DECODED,
      fields: [':method', 'GET'],
      listSize: 42,
      fieldCount: 1,
    })
  })

  it('stops at four times the octets, and is finished then', () => {
    const decoder = new Decoder({ maxHeaderListSize: 1000 })
    const one = outcome(decoder, '82'.repeat(1000))
    expect(one).toMatchObject({ verdict: ABANDONED, listSize: 96 * 42, fieldCount: 96 })
    expect(one.fields.length / 2).toBe(23)
    expect(() => outcome(decoder, '82')).toThrow(HPACKDecodingError)
  })

  it('stops a block that names one large entry again and again (CVE-2016-6581)', () => {
    const decoder = new Decoder()
    decodeAll(decoder, `41 7f b1 1e ${'78'.repeat(4016)}`)
    const bomb = outcome(decoder, 'be'.repeat(16_000))
    expect(bomb.verdict).toBe(ABANDONED)
    expect(bomb.fields.length / 2).toBe(16)
    expect(bomb.fieldCount).toBe(65)
  })

  it('stores 256 of a million fields of one octet each', () => {
    const bomb = outcome(new Decoder(), '81'.repeat(1_000_000))
    expect(bomb.verdict).toBe(ABANDONED)
    expect(bomb.fields.length / 2).toBe(256)
    expect(bomb.fieldCount).toBeLessThan(6300)
  })

  test.each([
    ['maxTableSize', { maxTableSize: -1 }],
    ['maxHeaderListSize', { maxHeaderListSize: Number.NaN }],
    ['maxFields', { maxFields: -1 }],
  ])('refuses a wrong %s', (_, options) => {
    expect(() => new Decoder(options)).toThrow(RangeError)
  })

  it('refuses a wrong table size', () => {
    expect(() => new Decoder().setMaxTableSize(-1)).toThrow(RangeError)
  })
})

describe('the two ways to decode', () => {
  it('decodes a part of a buffer, behind what is in the list already', () => {
    const fields = ['x', 'y']
    const decoder = new Decoder()
    expect(decoder.decodeInto(octets('ff 82 84 ff'), 1, 3, fields)).toBe(DECODED)
    expect(fields).toEqual(['x', 'y', ':method', 'GET', ':path', '/'])
    expect(() => decoder.decodeInto(octets('41 03 61 61 61'), 0, 4, fields)).toThrow(/where 2 are left/)
  })

  it('keeps no octet of a buffer that is used again', () => {
    const decoder = new Decoder()
    const buf = octets(INSERT_A)
    const fields: string[] = []
    decoder.decodeInto(buf, 0, buf.length, fields)
    buf.fill(0x78)
    decoder.decodeInto(octets('be'), 0, 1, fields)
    expect(fields).toEqual(['a', '1', 'a', '1'])
  })

  it('RFC 7541 §6.2.3: tells which fields came as never indexed', () => {
    const decoder = new Decoder({ maxFields: 4 })
    const fields: string[] = []
    const block = octets('82 10 01 61 01 31 84 14 01 78 10 01 61 01 31')
    expect(decoder.decodeInto(block, 0, block.length, fields)).toBe(OVERSIZE)
    expect(decoder.neverIndexed).toEqual([1, 3])
    expect(decoder.decode(octets('10 01 61 01 31 82'))).toEqual([
      ['a', '1', true],
      [':method', 'GET'],
    ])
    decoder.decode(octets('82'))
    expect(decoder.neverIndexed).toEqual([])
  })

  it('RFC 7541 §6.2.3: a never-indexed field enters no table', () => {
    const decoder = new Decoder()
    decodeAll(decoder, '10 01 61 01 31')
    expect(() => decodeAll(decoder, 'be')).toThrow(/index 62/)
  })

  it('throws from decode() what decodeInto() only reports, and can go on', () => {
    const decoder = new Decoder({ maxFields: 1 })
    expect(() => decoder.decode(octets('82 84'))).toThrow(HPACKDecodingError)
    expect(decoder.decode(octets('82'))).toEqual([[':method', 'GET']])
  })

  it('names its error', () => {
    expect(new HPACKDecodingError('x').name).toBe('HPACKDecodingError')
    expect(new HPACKDecodingError('x')).toBeInstanceOf(Error)
  })
})
