/**
 * Runs the conformance suite and writes docs/conformance.md: each rule, what it
 * asks, the tests that prove it, and their result. Fails if a test fails, or if
 * a rule has neither a test nor a reason.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const suite = join(root, 'test/conformance')

const AREAS = {
  A: 'Starting and ending a connection',
  B: 'Frames',
  C: 'Streams',
  D: 'DATA',
  E: 'HEADERS and CONTINUATION',
  F: 'PRIORITY and RST_STREAM',
  G: 'SETTINGS',
  H: 'PUSH_PROMISE',
  I: 'PING',
  J: 'GOAWAY',
  K: 'WINDOW_UPDATE and windows',
  L: 'HPACK',
  M: 'Responses',
  N: 'Requests',
  O: 'CONNECT',
  P: 'TLS, reuse, extensions',
}

const CLASSES = {
  connection: 'connection error',
  stream: 'stream error',
  ignore: 'ignore',
  accept: 'accept',
  send: 'send',
}

/** The rows of a table of the suite, by their first column. */
function table(name) {
  const [head, ...rows] = readFileSync(join(suite, name), 'utf8').trimEnd().split('\n')
  const columns = head.split('\t')
  return new Map(
    rows.map((row) => {
      const cells = row.split('\t')
      return [cells[0], Object.fromEntries(columns.map((column, i) => [column, cells[i]]))]
    }),
  )
}

/** Every test of the suite with its result, as Vitest reports it. */
function run() {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
  const report = join(folder, 'report.json')
  try {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const args = [vitest, 'run', 'test/conformance', '--reporter=json', `--outputFile=${report}`]
    const { status } = spawnSync(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
    // Files end in any order; the page must not.
    testResults.sort((a, b) => a.name.localeCompare(b.name))
    const broken = testResults.filter(
      (file) => file.status !== 'passed' && file.assertionResults.length === 0,
    )
    const tests = testResults.flatMap((file) => file.assertionResults)
    return { status, tests, broken: broken.map((file) => file.name) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Each rule with its tests, and what is wrong with the suite as a whole. */
function judge(rules, untested, choices, { tests, broken }) {
  const faults = broken.map((name) => `${name} did not run`)
  const byRule = new Map([...rules.keys()].map((id) => [id, []]))
  for (const { title, status } of tests) {
    const id = /^([A-P]\d+) /.exec(title)?.[1]
    if (!byRule.has(id)) faults.push(`a test of no rule: ${title}`)
    else byRule.get(id).push({ claim: title.slice(title.indexOf(': ') + 2), passed: status === 'passed' })
    if (status !== 'passed') faults.push(`${status}: ${title}`)
  }
  for (const [id, proofs] of byRule) {
    if (proofs.length === 0 && !untested.has(id)) faults.push(`rule ${id} has no test and no reason`)
  }
  for (const id of [...untested.keys(), ...choices.keys()]) {
    if (!rules.has(id)) faults.push(`no rule ${id}`)
  }
  return { byRule, faults }
}

function resultOf(proofs, exempt) {
  if (proofs.length === 0) return exempt?.why ?? 'no test'
  const failed = proofs.filter((proof) => !proof.passed).length
  return failed === 0 ? 'pass' : `${failed} of ${proofs.length} fail`
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

function page(rules, untested, choices, byRule) {
  const tests = [...byRule.values()].flat()
  const proved = [...byRule.values()].filter((proofs) => proofs.length > 0 && proofs.every((p) => p.passed))
  const lines = [
    '# Conformance',
    '',
    'Written by `npm run conformance` from its own run; do not edit.',
    '',
    `${rules.size} rules of the wire that concern a client, ${tests.length} tests, ${proved.length} rules proved, ` +
      `${[...untested.keys()].length} without a test. Each test drives the engine, or the whole client over a ` +
      'socket, by octets in and octets out. What comes out is read by a frame reader, an HPACK decoder and a ' +
      'validator that share no code with the library. Tests of the engine run twice, the octets of the peer ' +
      'whole and one at a time, and both runs must look the same.',
    '',
  ]
  for (const [letter, area] of Object.entries(AREAS)) {
    lines.push(`## ${letter}. ${area}`, '', '| rule | section | class | what it asks | result | tests |')
    lines.push('|---|---|---|---|---|---|')
    for (const [id, rule] of rules) {
      if (id[0] !== letter) continue
      const proofs = byRule.get(id)
      const result = resultOf(proofs, untested.get(id))
      const claims = proofs.map((proof) => `${proof.passed ? '' : '**fails:** '}${cell(proof.claim)}`)
      const shown = claims.length > 0 ? claims.join('<br>') : cell(untested.get(id)?.reason ?? '')
      const kind = CLASSES[rule.class]
      lines.push(`| ${id} | ${rule.section} | ${kind} | ${cell(rule.asks)} | ${result} | ${shown} |`)
    }
    lines.push('')
  }
  lines.push('## Choices', '')
  lines.push('Where the RFC permits more than one reaction, this is ours.', '')
  lines.push('| rule | section | choice | reason |', '|---|---|---|---|')
  for (const [id, { choice, reason }] of choices) {
    lines.push(`| ${id} | ${rules.get(id)?.section} | ${cell(choice)} | ${cell(reason)} |`)
  }
  return `${lines.join('\n')}\n`
}

const rules = table('rules.tsv')
const untested = table('untested.tsv')
const choices = table('choices.tsv')
const outcome = run()
const { byRule, faults } = judge(rules, untested, choices, outcome)

for (const [id, { section }] of rules) {
  const proofs = byRule.get(id)
  console.log(
    `${id.padEnd(4)} ${section.padEnd(36)} ${String(proofs.length).padStart(3)}  ${resultOf(proofs, untested.get(id))}`,
  )
}
mkdirSync(join(root, 'docs'), { recursive: true })
writeFileSync(join(root, 'docs/conformance.md'), page(rules, untested, choices, byRule))
for (const fault of faults) console.error(fault)
console.log(`${rules.size} rules, ${[...byRule.values()].flat().length} tests, ${faults.length} faults`)
process.exitCode = faults.length > 0 || outcome.status !== 0 ? 1 : 0
