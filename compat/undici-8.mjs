// runtimes: 22 24 26
import { readFileSync } from 'node:fs'
import undici from 'undici8'
import { checksOf, run } from './undici-checks.mjs'

const { version } = JSON.parse(
  readFileSync(new URL('node_modules/undici8/package.json', import.meta.url), 'utf8'),
)
await run('undici', version, await checksOf(undici))
