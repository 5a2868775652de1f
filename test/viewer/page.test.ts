/** The page as a file: what is in it, and what cannot be. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Kind, Tape } from '../../src/trace/index.ts'

function pageOf(texts: readonly string[]): string {
  const tape = new Tape({ fields: 'all' })
  for (const text of texts) {
    const connection = tape.connect(text, 0)
    const request = tape.call(text, text, text, 0)
    tape.text(Kind.SETTLED, connection, request, 1, text, 1)
    tape.text(Kind.CLOSED, connection, 0, 1, text, 2)
  }
  return tape.recording().toHTML()
}

/** The page without what was recorded. */
function around(html: string): string {
  return html.replace(
    /(<script type="application\/octet-stream" id="recording">)[A-Za-z0-9+/=]*(<\/script>)/,
    '$1$2',
  )
}

it('what was recorded is Base64 and nothing else, whatever it was', () => {
  const plain = around(pageOf([]))
  const hostile = fc.constantFrom('</script>', '<img onerror=alert(1)>', '-->', '"', '&lt;', '\u2028')
  fc.assert(
    fc.property(fc.array(fc.oneof(hostile, fc.string({ unit: 'binary' })), { maxLength: 8 }), (texts) => {
      expect(around(pageOf(texts))).toBe(plain)
    }),
  )
})

it('its policy loads nothing, and knows its script and its style by their digests', () => {
  const html = pageOf(['https://a.test'])
  const policy = /content-security-policy" content="([^"]*)"/.exec(html)![1]!
  const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const script = /<script>([\s\S]*?)<\/script>/.exec(html)![1]!
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    `script-src ${digest(script)}`,
    `style-src ${digest(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ])
  expect(html.match(/(?:src|href)\s*=\s*["'](?!#)/g)).toBeNull()
})

it('its code is at most 150 kB', () => {
  expect(around(pageOf([])).length).toBeLessThan(150_000)
})
