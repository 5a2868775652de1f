/**
 * Measures what each attack of `bench/attacks/` costs the engine, with one
 * stream open and with 10,000, and writes the table of docs/robustness.md:
 * `npm run build && npm run attacks [-- --write] [words of names…]`. Fails if an
 * octet of an attacker's costs 2.5 times as much with 10,000 streams, if a
 * KiB of them costs more than 50 µs, or if any turn of the event loop takes more
 * than 50 ms.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { attacks } from '../bench/attacks/catalogue.mjs'
import { responses } from '../bench/attacks/responses.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const MANY = 10_000
/** Cost of an octet with many streams open, over that with one, at most. */
const MAX_RATIO = 2.5
/** CPU time of a KiB below which it is noise. */
const TOO_LITTLE = 1
/** CPU time of a KiB of the attacker's, in µs, at most. */
const MAX_PER_KIB = 50
/** Milliseconds of a turn of the event loop, at most. */
const MAX_TURN = 50

const words = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const wanted = [...attacks.keys()].filter(
  (number) => words.length === 0 || words.some((word) => attacks[number].name.includes(word)),
)

/** What a script of bench/attacks prints. */
function run(script, ...args) {
  const file = join(root, 'bench/attacks', script)
  const all = ['--expose-gc', file, ...args.map(String)]
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${script} ${args}: ${stderr}`)
  return JSON.parse(stdout)
}

const flag = (text, is) => (is ? `**${text}**` : text)

const count = (value) => Math.round(value).toLocaleString('en-US')
const kib = (octets) => count(octets / 1024)
const micros = (value) =>
  value === null ? '–' : value < 100 ? value.toFixed(value < 1 ? 2 : 1) : count(value)

function row(one, many) {
  const ratio = one.perKiB === null || many.perKiB === null ? null : many.perKiB / one.perKiB
  const dear = [one, many].map(({ perKiB }) => perKiB !== null && perKiB > MAX_PER_KIB)
  const turn = Math.max(one.longestTurn, many.longestTurn)
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
    flag(micros(one.perKiB), dear[0]),
    flag(micros(many.perKiB), dear[1]),
    ratio === null ? '–' : flag(ratio.toFixed(1), ratio > MAX_RATIO && many.perKiB > TOO_LITTLE),
    flag(turn.toFixed(turn < 10 ? 1 : 0), turn > MAX_TURN),
  ]
  return { text: `| ${cells.join(' | ')} |`, flagged: cells.slice(1).some((cell) => cell.startsWith('**')) }
}

function table() {
  const rows = wanted.map((number) => {
    const made = row(run('measure.mjs', number, 1), run('measure.mjs', number, MANY))
    console.log(made.text)
    return made
  })
  const head = [
    `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus()[0].model}.`,
    '',
    '| attack | what ends it | answered, octets per octet | peak KiB, 1 stream | peak KiB, 10,000 | CPU µs/KiB, 1 stream | CPU µs/KiB, 10,000 | ratio | longest turn, ms |',
    '|---|---|---|---|---|---|---|---|---|',
  ]
  return {
    text: [...head, ...rows.map(({ text }) => text)].join('\n'),
    flagged: rows.filter((one) => one.flagged),
  }
}

/** The same for what the whole client makes of a response. */
function responseTable() {
  const rows = [...responses.keys()].map((number) => {
    const { name, octets, size, perKiB, micros } = run('responses.mjs', number)
    const dear = perKiB > MAX_PER_KIB
    const cells = [name, count(octets), count(size), flag(perKiB.toFixed(1), dear), count(micros)]
    const text = `| ${cells.join(' | ')} |`
    console.log(text)
    return { text, flagged: dear }
  })
  const head = [
    '| response | octets sent | octets of fields | CPU µs/KiB of fields | CPU µs each |',
    '|---|---|---|---|---|',
  ]
  return {
    text: [...head, ...rows.map(({ text }) => text)].join('\n'),
    flagged: rows.filter((one) => one.flagged),
  }
}

const tables = [table()]
if (words.length === 0) tables.push(responseTable())
const text = tables.map((one) => one.text).join('\n\n')
const flagged = tables.flatMap((one) => one.flagged)
if (process.argv.includes('--write') && words.length === 0) {
  const page = join(root, 'docs/robustness.md')
  const between = /(<!-- attacks:start -->\n)[\s\S]*(<!-- attacks:end -->)/
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace(between, (_, start, end) => `${start}${text}\n${end}`),
  )
}
if (flagged.length > 0) {
  console.error(`\n${flagged.length} are beyond what they may cost`)
  process.exitCode = 1
}
