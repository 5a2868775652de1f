/**
 * Fuzzes for a while: `npm run fuzz -- [minutes] [names…]`. Each property of
 * test/fuzz is tried for so many minutes (1 if not given) from seeds that are
 * new every time; names choose files. What is found is printed with its seed
 * and path; FUZZ_SEED=… FUZZ_PATH=… npm run fuzz -- 0 name -t 'its test' repeats it.
 */
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [first, ...rest] = process.argv.slice(2)
const given = first !== undefined && /^[\d.]+$/.test(first)
const minutes = given ? first : '1'
const others = given || first === undefined ? rest : [first, ...rest]
const options = others.findIndex((word) => word.startsWith('-'))
const names = options < 0 ? others : others.slice(0, options)
const forVitest = options < 0 ? [] : others.slice(options)
const seed = process.env.FUZZ_SEED ?? String(randomInt(2 ** 31))

process.stdout.write(`${minutes} minutes for each property, from seed ${seed}\n`)
const files = names.length > 0 ? names.map((name) => `test/fuzz/${name}`) : ['test/fuzz']
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(process.execPath, [vitest, 'run', ...files, ...forVitest], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, FUZZ_MINUTES: minutes, FUZZ_SEED: seed },
})
process.exitCode = status ?? 1
