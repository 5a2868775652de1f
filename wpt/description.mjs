/**
 * What a test file says of itself in comments at its top (`// META: …`). Its
 * one rule: each variant is a run of its own.
 */
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** The runs of a file: its path, a variant of its URL, and the scripts before it. */
export function describeFile(root, path) {
  const meta = metaOf(readFileSync(join(root, path), 'utf8'))
  const scripts = meta
    .filter(([name]) => name === 'script')
    .map(([, value]) => (value.startsWith('/') ? value.slice(1) : posix.join(posix.dirname(path), value)))
  const variants = meta.filter(([name]) => name === 'variant').map(([, value]) => value)
  const title = meta.find(([name]) => name === 'title')?.[1] ?? path
  const long = meta.some(([name, value]) => name === 'timeout' && value === 'long')
  return (variants.length === 0 ? [''] : variants).map((variant) => ({ path, variant, scripts, title, long }))
}

function metaOf(source) {
  const meta = []
  for (const line of source.split('\n')) {
    if (line.trim() !== '' && !line.startsWith('//')) break
    const match = /^\/\/ META: (\w+)=(.*)$/.exec(line.trimEnd())
    if (match !== null) meta.push([match[1], match[2]])
  }
  return meta
}
