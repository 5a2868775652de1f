// How a script reports: it counts what it checked, prints one line of JSON, and
// fails by its exit status. Whatever is left open keeps it from ending by itself.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const LIMIT_MS = 20_000

/** Runs checks one after the other and prints the line. Each is `[name, function]`. */
export async function report(library, adapter, checks, packageName = library) {
  for (const [name, check] of checks) {
    const timer = setTimeout(() => {
      console.error(`FAILED ${name}: not done in ${LIMIT_MS} ms`)
      process.exit(1)
    }, LIMIT_MS)
    try {
      await check()
    } catch (error) {
      console.error(`FAILED ${name}`)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
  const path = fileURLToPath(new URL(`node_modules/${packageName}/package.json`, import.meta.url))
  const { version } = JSON.parse(readFileSync(path, 'utf8'))
  console.log(JSON.stringify({ library, version, adapter, checks: checks.length }))
}
