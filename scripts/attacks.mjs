/**
 * Measures what each attack of `bench/attacks/` costs the engine, with one
 * stream open and with 10,000, and writes the table of docs/robustness.md:
 * `npm run build && npm run attacks [-- --write]`. Fails if an octet of an
 * attacker's costs more than twice as much with 10,000 streams.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { attacks } from '../bench/attacks/catalogue.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const MANY = 10_000
/** Cost of an octet with many streams open, over that with one, at most. */
const MAX_RATIO = 2

function measure(number, streams) {
  const script = join(root, 'bench/attacks/measure.mjs')
  const args = ['--expose-gc', script, String(number), String(streams)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${attacks[number].name}: ${stderr}`)
  return JSON.parse(stdout)
}

const count = (value) => Math.round(value).toLocaleString('en-US')
const kib = (octets) => count(octets / 1024)
const micros = (value) =>
  value === null ? '–' : value < 100 ? value.toFixed(value < 1 ? 2 : 1) : count(value)

function row(one, many) {
  const ratio = one.perKiB === null || many.perKiB === null ? null : many.perKiB / one.perKiB
  const flagged = ratio !== null && ratio > MAX_RATIO
  const end =
    one.end === undefined
      ? `none in ${count(one.frames)} frames`
      : `${count(one.frames)} frames: ${one.end.replace(/ \(RFC.*/, '')}`
  const cells = [
    one.name,
    end,
    one.answered === null ? '–' : one.answered.toFixed(2),
    kib(one.peak),
    kib(many.peak),
    micros(one.perKiB),
    micros(many.perKiB),
    ratio === null ? '–' : flagged ? `**${ratio.toFixed(1)}**` : ratio.toFixed(1),
  ]
  return { text: `| ${cells.join(' | ')} |`, flagged }
}

function table() {
  const rows = attacks.map((_, number) => {
    const made = row(measure(number, 1), measure(number, MANY))
    console.log(made.text)
    return made
  })
  const head = [
    `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus()[0].model}.`,
    '',
    '| attack | what ends it | answered, octets per octet | peak KiB, 1 stream | peak KiB, 10,000 | CPU µs/KiB, 1 stream | CPU µs/KiB, 10,000 | ratio |',
    '|---|---|---|---|---|---|---|---|',
  ]
  return {
    text: [...head, ...rows.map(({ text }) => text)].join('\n'),
    flagged: rows.filter((one) => one.flagged),
  }
}

const { text, flagged } = table()
if (process.argv.includes('--write')) {
  const page = join(root, 'docs/robustness.md')
  const between = /(<!-- attacks:start -->\n)[\s\S]*(<!-- attacks:end -->)/
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace(between, (_, start, end) => `${start}${text}\n${end}`),
  )
}
if (flagged.length > 0) {
  console.error(`\n${flagged.length} cost more than ${MAX_RATIO} times as much with ${count(MANY)} streams`)
  process.exitCode = 1
}
