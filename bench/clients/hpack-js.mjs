/** The package hpack.js: HPACK in plain JavaScript, as streams. It has no frame codec. */
import hpack from 'hpack.js'

export function open() {
  const compressor = hpack.compressor.create({ table: { size: 4096 } })
  const decompressor = hpack.decompressor.create({ table: { size: 4096 } })
  return {
    encode(fields) {
      compressor.write(fields.map(([name, value]) => ({ name, value })))
      return compressor.read()
    },
    decode(block) {
      decompressor.write(block)
      decompressor.execute()
      const fields = []
      for (let field = decompressor.read(); field !== null; field = decompressor.read()) {
        fields.push([field.name, field.value])
      }
      return fields
    },
  }
}
