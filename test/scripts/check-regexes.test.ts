import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const SCRIPT = fileURLToPath(new URL('../../scripts/check-regexes.mjs', import.meta.url))

/** What the script prints for one source. */
function check(source: string): string[] {
  const root = mkdtempSync(join(tmpdir(), 'regexes-'))
  try {
    mkdirSync(join(root, 'src/room'), { recursive: true })
    writeFileSync(join(root, 'src/room/file.ts'), source)
    const { stdout, status } = spawnSync(process.execPath, [SCRIPT, root], { encoding: 'utf8' })
    const lines = stdout.trimEnd().split('\n').slice(0, -1)
    expect(status).toBe(lines.length === 0 ? 0 : 1)
    return lines.map((line) => line.replace(/^src.room./, ''))
  } finally {
    rmSync(root, { recursive: true })
  }
}

it.each([
  ['an end that is looked for from every place', '/[ \\t]+$/'],
  ['two repetitions side by side', '/^a*a*$/'],
  ['a repetition within a repetition', '/^(?:a+)+$/'],
  ['a comma among spaces', '/\\s*,\\s*/g'],
])('%s is found', (_what, expression) => {
  expect(check(`const x = 1\nexport const y = ${expression}\n`)).toEqual([
    expect.stringContaining(`file.ts:2 ${expression}`),
  ])
})

it('an expression that is put together is refused', () => {
  expect(check('export const x = (y: string) => new RegExp(y)')).toEqual([
    expect.stringContaining('file.ts:1'),
  ])
})

it('what is linear passes', () => {
  expect(
    check(
      'export const x = [/^[a-z]+$/i, /[\\s,]+/, /^(?:ab|c)*$/, /\\r\\n?|\\n/g]\n// /[ ]+$/\nexport type T = RegExp',
    ),
  ).toEqual([])
})
