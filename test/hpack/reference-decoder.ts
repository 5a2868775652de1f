/**
 * A second decoder, written from RFC 7541 without a thought for speed, to hold
 * the real one against: bits are text, integers are big, the table is an array.
 */
import { CODE_LENGTHS, CODES } from '../../src/hpack/huffman-code.ts'
import { STATIC_LENGTH, STATIC_NAMES, STATIC_VALUES } from '../../src/hpack/static-table.ts'

type Field = [name: string, value: string, neverIndexed: boolean]

/** What breaks RFC 7541, as the reference decoder sees it. */
export class ReferenceError7541 extends Error {}

const SYMBOLS = new Map(
  Array.from(CODES, (code, symbol) => [code.toString(2).padStart(CODE_LENGTHS[symbol]!, '0'), symbol]),
)

export class ReferenceDecoder {
  private table: [string, string][] = []
  private maxSize = 4096
  private limit = 4096
  private ceiling = Number.POSITIVE_INFINITY
  private block: number[] = []

  setMaxTableSize(size: number): void {
    this.limit = size
    if (size < this.maxSize) this.ceiling = Math.min(this.ceiling, size)
  }

  decode(block: Uint8Array): Field[] {
    this.block = [...block]
    const fields: Field[] = []
    let updates = 0
    while (this.block.length > 0) {
      const bits = this.block[0]!.toString(2).padStart(8, '0')
      if (bits.startsWith('001')) {
        if (fields.length > 0 || ++updates > 2) throw new ReferenceError7541('size update')
        const size = this.integer(5)
        if (size > this.limit || size > this.ceiling) throw new ReferenceError7541('size')
        this.ceiling = Number.POSITIVE_INFINITY
        this.maxSize = size
        this.evict()
        continue
      }
      if (this.ceiling < Number.POSITIVE_INFINITY) throw new ReferenceError7541('size update missing')
      if (bits.startsWith('1')) fields.push([...this.entry(this.integer(7)), false])
      else if (bits.startsWith('01')) {
        const [name, value] = this.literal(6)
        this.table.unshift([name, value])
        this.evict()
        fields.push([name, value, false])
      } else fields.push([...this.literal(4), bits.startsWith('0001')])
    }
    if (this.ceiling < Number.POSITIVE_INFINITY) throw new ReferenceError7541('size update missing')
    return fields
  }

  private evict(): void {
    const size = () => this.table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
    while (size() > this.maxSize) this.table.pop()
  }

  private entry(index: number): [string, string] {
    if (index === 0) throw new ReferenceError7541('index 0')
    if (index <= STATIC_LENGTH) return [STATIC_NAMES[index]!, STATIC_VALUES[index]!]
    const found = this.table[index - STATIC_LENGTH - 1]
    if (found === undefined) throw new ReferenceError7541('index')
    return found
  }

  private literal(prefix: number): [string, string] {
    const index = this.integer(prefix)
    const name = index === 0 ? this.text() : this.entry(index)[0]
    return [name, this.text()]
  }

  private octet(): number {
    const octet = this.block.shift()
    if (octet === undefined) throw new ReferenceError7541('end of block')
    return octet
  }

  private integer(prefix: number): number {
    const full = 2n ** BigInt(prefix) - 1n
    let value = BigInt(this.octet()) & full
    if (value < full) return Number(value)
    for (let i = 0n; ; i++) {
      if (i === 5n) throw new ReferenceError7541('integer too long')
      const octet = BigInt(this.octet())
      value += (octet & 0x7fn) << (7n * i)
      if (octet < 0x80n) break
    }
    if (value >= 2n ** 31n) throw new ReferenceError7541('integer too large')
    return Number(value)
  }

  private text(): string {
    const coded = (this.block[0] ?? 0) >= 0x80
    const length = this.integer(7)
    if (length > this.block.length) throw new ReferenceError7541('string too long')
    const octets = this.block.splice(0, length)
    if (!coded) return String.fromCharCode(...octets)
    let text = ''
    let code = ''
    for (const bit of octets.map((octet) => octet.toString(2).padStart(8, '0')).join('')) {
      code += bit
      const symbol = SYMBOLS.get(code)
      if (symbol === undefined) continue
      if (symbol === 256) throw new ReferenceError7541('EOS')
      text += String.fromCharCode(symbol)
      code = ''
    }
    if (code.length > 7 || code.includes('0')) throw new ReferenceError7541('padding')
    return text
  }
}
