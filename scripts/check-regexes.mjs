/**
 * Checks that every regular expression under `src/` takes time in proportion to
 * the text, whatever the text is: `npm run regexes`. Prints each that does not as
 * `file:line /expression/`, and exits 1 if there was one. One rule: an expression
 * that is put together at run time cannot be checked, so there is none.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isSafe } from 'redos-detector'
import { tokenize } from './tokens.mjs'

const root = resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)))
/** Milliseconds for one expression. */
const PATIENCE = 10_000

/** A literal, as the runtime has it. */
function compiled(text) {
  const end = text.lastIndexOf('/')
  return new RegExp(text.slice(1, end), text.slice(end + 1))
}

/** Why an expression may cost more than the text is long; undefined if it cannot. */
function faultOf(expression) {
  try {
    const { safe, error } = isSafe(expression, { timeout: PATIENCE })
    return safe ? undefined : `costs more than the text is long (${error})`
  } catch (error) {
    return `cannot be checked, ${error.message}: write it in another way`
  }
}

const faults = []
let count = 0
const files = readdirSync(join(root, 'src'), { recursive: true }).filter((name) => name.endsWith('.ts'))
for (const name of files.sort()) {
  const file = join('src', name)
  const tokens = tokenize(readFileSync(join(root, file), 'utf8'))
  for (const [i, token] of tokens.entries()) {
    if (token.kind === 'regex') {
      count += 1
      const fault = faultOf(compiled(token.text))
      if (fault !== undefined) faults.push(`${file}:${token.line} ${token.text} ${fault}`)
    } else if (token.kind === 'word' && token.text === 'RegExp') {
      const made = tokens[i + 1]?.text === '('
      if (made) faults.push(`${file}:${token.line} an expression that is put together cannot be checked`)
    }
  }
}
for (const fault of faults) console.log(fault)
console.log(`${count} regular expressions, ${faults.length} that are not linear`)
process.exitCode = faults.length > 0 ? 1 : 0
