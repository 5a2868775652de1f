/** HTML §4.10.21.8; RFC 7578. */
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { formDataBlob } from '../../../src/client/request/multipart.ts'

function form(...entries: [string, string | Blob, string?][]): FormData {
  const data = new FormData()
  for (const [name, value, filename] of entries) {
    if (typeof value === 'string') data.append(name, value)
    else if (filename === undefined) data.append(name, value)
    else data.append(name, value, filename)
  }
  return data
}

/** The encoded form with `--B` for its boundary. */
async function encoded(data: FormData): Promise<string> {
  const blob = formDataBlob(data)
  const boundary = /^multipart\/form-data; boundary=([!-~]{1,70})$/.exec(blob.type)![1]!
  return (await blob.text()).replaceAll(boundary, 'B')
}

const field = (name: string, value: string) =>
  `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (name: string, filename: string, type: string, value: string) =>
  `--B\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: ${type}\r\n\r\n${value}\r\n`

describe('parts', () => {
  it.each<[string, FormData, string]>([
    ['none', form(), ''],
    ['a value', form(['a', 'b']), field('a', 'b')],
    ['two of a name, in order', form(['a', '1'], ['a', '2']), field('a', '1') + field('a', '2')],
    ['UTF-8', form(['é', '€']), field('é', '€')],
    ['quotes and line ends in a name', form(['"a\nb', '']), field('%22a%0D%0Ab', '')],
    ['every line end in a value becomes CRLF', form(['a', '1\n2\r3\r\n4']), field('a', '1\r\n2\r\n3\r\n4')],
    ['a file', form(['a', new File(['x\ny'], 'f', { type: 't/x' })]), file('a', 'f', 't/x', 'x\ny')],
    [
      'a file without type',
      form(['a', new Blob(['x']), 'f']),
      file('a', 'f', 'application/octet-stream', 'x'),
    ],
    [
      'quotes and line ends in a filename',
      form(['a', new Blob(['x'], { type: 't/x' }), '"\r\n\\']),
      file('a', '%22%0D%0A\\', 't/x', 'x'),
    ],
    [
      'files between values',
      form(['a', '1'], ['f', new File(['x'], 'f', { type: 't/x' })], ['b', '2']),
      field('a', '1') + file('f', 'f', 't/x', 'x') + field('b', '2'),
    ],
  ])('%s', async (_name, data, parts) => {
    expect(await encoded(data)).toBe(`${parts}--B--\r\n`)
  })
})

test('no two boundaries are alike', () => {
  const types = new Set(Array.from({ length: 100 }, () => formDataBlob(form()).type))
  expect(types.size).toBe(100)
})

test('what is encoded is decoded by the platform', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 })
  const entries = fc.array(fc.tuple(text, text, fc.boolean()), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(entries, async (given) => {
      const data = form(
        ...given.map(([name, value, isFile]): [string, string | Blob, string?] =>
          isFile ? [name, new Blob([value]), 'file'] : [name, value],
        ),
      )
      const blob = formDataBlob(data)
      const decoded = await new Response(blob, { headers: { 'content-type': blob.type } }).formData()
      const shown = await Promise.all(
        [...decoded].map(async ([name, value]) => [
          name,
          typeof value === 'string' ? value : await value.text(),
        ]),
      )
      const crlf = (one: string) => one.replace(/\r\n?|\n/g, '\r\n')
      expect(shown).toEqual(given.map(([name, value, isFile]) => [crlf(name), isFile ? value : crlf(value)]))
    }),
    { numRuns: 50 },
  )
})

describe('a form of another make', () => {
  /** Nothing of it was checked by the platform. */
  const foreign = (name: string, file: object) =>
    ({
      [Symbol.toStringTag]: 'FormData',
      *[Symbol.iterator]() {
        yield [name, file]
      },
    }) as never

  const file = (type: unknown, name: unknown) => Object.defineProperties(new Blob(['x']), { type: { value: type }, name: { value: name } }) // biome-ignore format: short

  test.each(['text/plain\r\nx: y', 'text/plain\n', '\r', 'a\0b', 'caf\u00e9', 5, undefined])(
    'whose file has a type that is none, %j, is refused',
    (type) => {
      expect(() => formDataBlob(foreign('f', file(type, 'a')))).toThrow(TypeError)
    },
  )

  test('whose names would end a line is escaped', async () => {
    const text = await formDataBlob(foreign('f\r\nx: y', file('text/plain', 'a"\r\nb: c'))).text()
    expect(text).toContain(
      'name="f%0D%0Ax: y"; filename="a%22%0D%0Ab: c"\r\nContent-Type: text/plain\r\n\r\nx',
    )
  })
})
