/**
 * HPACK (RFC 7541) written without a line of the library, to judge the field
 * blocks that it sends and to make those that it receives. Slow and literal:
 * Huffman codes are text, the dynamic table is an array, every deviation throws.
 */
import { concat, latin1 } from './wire.ts'

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'
/** Bits of the code of each symbol, one digit to the base of 36 each: 256 octets and EOS (RFC 7541 Appendix B). */
const CODE_LENGTHS =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad' +
  '67777777777777777777777878djde6f56565666577666567655677777fbedskm' +
  'kkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqk' +
  'jmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu'
const EOS = 256

/** The static table (RFC 7541 Appendix A), `name=value` in order from index 1. */
const STATIC = (
  ':authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|' +
  ':status=204|:status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|' +
  'accept-encoding=gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|age|' +
  'allow|authorization|cache-control|content-disposition|content-encoding|content-language|' +
  'content-length|content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|' +
  'if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|location|' +
  'max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|' +
  'set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate'
)
  .split('|')
  .map((entry): Entry => {
    const [name = '', value = ''] = entry.split('=')
    return [name, value]
  })

type Entry = readonly [name: string, value: string]

/** Codes as text of ones and zeros. They are canonical: counted up by length, then by symbol. */
const CODES: readonly string[] = (() => {
  const order = Array.from(CODE_LENGTHS, (digit, symbol) => ({ symbol, length: DIGITS.indexOf(digit) }))
  order.sort((a, b) => a.length - b.length || a.symbol - b.symbol)
  const codes: string[] = []
  let code = 0
  let length = 0
  for (const each of order) {
    code *= 2 ** (each.length - length)
    length = each.length
    codes[each.symbol] = code.toString(2).padStart(length, '0')
    code += 1
  }
  return codes
})()
const SYMBOLS = new Map(CODES.map((code, symbol) => [code, symbol]))

// — making field blocks —

/** An integer with a prefix of so many bits, behind a pattern in the bits before it (RFC 7541 §5.1). */
export function integer(value: number, prefixBits: number, pattern = 0): Uint8Array {
  const full = 2 ** prefixBits - 1
  if (value < full) return Uint8Array.of(pattern | value)
  const octets = [pattern | full]
  let rest = value - full
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128)
  return Uint8Array.of(...octets, rest)
}

/** A string as it is (RFC 7541 §5.2). */
function plainString(text: string): Uint8Array {
  return concat(integer(text.length, 7), latin1(text))
}

/** Octets that claim to be Huffman code. */
export function huffmanOctets(...octets: readonly number[]): Uint8Array {
  return concat(integer(octets.length, 7, 0x80), Uint8Array.from(octets))
}

/** A string in Huffman code, padded with ones. */
export function huffmanString(text: string): Uint8Array {
  const bits = Array.from(text, (char) => CODES[char.charCodeAt(0)]!).join('')
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1')
  return huffmanOctets(...(padded.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)))
}

/** An indexed field (RFC 7541 §6.1). */
export function indexed(index: number): Uint8Array {
  return integer(index, 7, 0x80)
}

/** The three literals of RFC 7541 §6.2, the name given as text or as an index. */
export function incremental(name: string | number, value: string): Uint8Array {
  return literal(name, value, 6, 0x40)
}
export function withoutIndexing(name: string | number, value: string): Uint8Array {
  return literal(name, value, 4, 0x00)
}
export function neverIndexed(name: string | number, value: string): Uint8Array {
  return literal(name, value, 4, 0x10)
}

function literal(name: string | number, value: string, prefixBits: number, pattern: number): Uint8Array {
  const named = typeof name === 'number' ? integer(name, prefixBits, pattern) : Uint8Array.of(pattern)
  return concat(named, typeof name === 'number' ? new Uint8Array() : plainString(name), plainString(value))
}

/** A dynamic table size update (RFC 7541 §6.3). */
export function sizeUpdate(size: number): Uint8Array {
  return integer(size, 5, 0x20)
}

// — reading field blocks —

/** How a field was written. */
export type Representation = 'indexed' | 'incremental' | 'without indexing' | 'never indexed'

export interface ReadField {
  readonly name: string
  readonly value: string
  readonly representation: Representation
}

export interface ReadBlock {
  readonly fields: readonly ReadField[]
  /** The table size updates at its start, in order. */
  readonly sizeUpdates: readonly number[]
}

/** Reads the field blocks of one direction of one connection; throws for what RFC 7541 does not allow. */
export class FieldBlockDecoder {
  #table: Entry[] = []
  #size = 4096
  #limit = 4096
  /** The size below which the next block has to begin; Infinity if nothing is due. */
  #due = Number.POSITIVE_INFINITY
  #block: number[] = []

  /** The decoder's SETTINGS_HEADER_TABLE_SIZE, once the encoder acknowledged it. */
  setLimit(limit: number): void {
    this.#limit = limit
    if (limit < this.#size) this.#due = Math.min(this.#due, limit)
  }

  /** Octets that the table holds (RFC 7541 §4.1). */
  get tableOctets(): number {
    return this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
  }

  decode(block: Uint8Array): ReadBlock {
    this.#block = [...block]
    const fields: ReadField[] = []
    const sizeUpdates: number[] = []
    while (this.#block.length > 0) {
      const first = this.#block[0]!
      if (first >> 5 === 0b001) {
        if (fields.length > 0) throw new Error('table size update behind a field')
        sizeUpdates.push(this.#resize(this.#integer(5)))
        continue
      }
      if (this.#due < Number.POSITIVE_INFINITY) throw new Error('table size update is due')
      fields.push(this.#field(first))
    }
    return { fields, sizeUpdates }
  }

  #field(first: number): ReadField {
    if (first >= 0x80) {
      const [name, value] = this.#entry(this.#integer(7))
      return { name, value, representation: 'indexed' }
    }
    const incremental = first >= 0x40
    const index = this.#integer(incremental ? 6 : 4)
    const name = index === 0 ? this.#string() : this.#entry(index)[0]
    const value = this.#string()
    if (!incremental) {
      return { name, value, representation: first >= 0x10 ? 'never indexed' : 'without indexing' }
    }
    this.#table.unshift([name, value])
    this.#evict()
    return { name, value, representation: 'incremental' }
  }

  #resize(size: number): number {
    if (size > this.#limit) throw new Error(`table size ${size} above ${this.#limit}`)
    if (size > this.#due) throw new Error(`table size ${size} where at most ${this.#due} is due`)
    this.#due = Number.POSITIVE_INFINITY
    this.#size = size
    this.#evict()
    return size
  }

  #evict(): void {
    while (this.tableOctets > this.#size) this.#table.pop()
  }

  #entry(index: number): Entry {
    const entry = index <= STATIC.length ? STATIC[index - 1] : this.#table[index - STATIC.length - 1]
    if (entry === undefined) throw new Error(`index ${index}`)
    return entry
  }

  #octet(): number {
    const octet = this.#block.shift()
    if (octet === undefined) throw new Error('block ends in the middle')
    return octet
  }

  #integer(prefixBits: number): number {
    const full = 2 ** prefixBits - 1
    let value = this.#octet() & full
    if (value < full) return value
    for (let weight = 1; ; weight *= 128) {
      const octet = this.#octet()
      value += (octet & 0x7f) * weight
      if (octet < 0x80) return value
    }
  }

  #string(): string {
    const coded = (this.#block[0] ?? 0) >= 0x80
    const length = this.#integer(7)
    if (length > this.#block.length) throw new Error('string longer than its block')
    const octets = this.#block.splice(0, length)
    return coded ? readHuffman(octets) : String.fromCharCode(...octets)
  }
}

function readHuffman(octets: readonly number[]): string {
  let text = ''
  let code = ''
  for (const bit of octets.map((octet) => octet.toString(2).padStart(8, '0')).join('')) {
    code += bit
    const symbol = SYMBOLS.get(code)
    if (symbol === undefined) continue
    if (symbol === EOS) throw new Error('EOS in a string')
    text += String.fromCharCode(symbol)
    code = ''
  }
  if (code.length > 7 || code.includes('0')) throw new Error('Huffman padding')
  return text
}
