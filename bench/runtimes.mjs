/** The runtimes that clients run on: the one that runs this script, and those that `bench/package.json` brings. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const CANDIDATES = [
  {
    id: 'lts',
    name: 'Node',
    file: here('node_modules/node-lts/bin/node'),
    flags: ['--expose-gc', '--no-warnings'],
  },
  { id: 'node', name: 'Node', file: process.execPath, flags: ['--expose-gc', '--no-warnings'] },
  {
    id: 'current',
    name: 'Node',
    file: here('node_modules/node-current/bin/node'),
    flags: ['--expose-gc', '--no-warnings'],
  },
  { id: 'bun', name: 'Bun', file: here('node_modules/@oven/bun-linux-x64/bin/bun'), flags: [] },
  {
    id: 'deno',
    name: 'Deno',
    file: here('node_modules/@deno/linux-x64-glibc/deno'),
    flags: ['run', '-A', '--quiet', '--v8-flags=--expose-gc'],
  },
]

/**
 * Every runtime, with its version, or with `missing` saying why it cannot be used.
 *
 * @param {string} [profileDirectory] where Node writes CPU profiles
 * @returns {Map<string, { id: string, name: string, file: string, flags: string[], version?: string, missing?: string }>}
 */
export function findRuntimes(profileDirectory) {
  const found = new Map()
  for (const candidate of CANDIDATES) {
    const version = existsSync(candidate.file) ? versionOf(candidate.file) : undefined
    const missing = version === undefined ? `${candidate.file} does not run here` : undefined
    const flags = [...candidate.flags]
    if (profileDirectory !== undefined && candidate.name === 'Node') {
      flags.push('--cpu-prof', `--cpu-prof-dir=${profileDirectory}`)
    }
    found.set(candidate.id, { ...candidate, flags, version, missing })
  }
  return found
}

function versionOf(file) {
  const { stdout, status } = spawnSync(file, ['--version'], { encoding: 'utf8' })
  return status === 0 ? /(\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined
}

/** Whether a version is at least the wanted one, by its first two numbers. */
export function atLeast(version, wanted) {
  const [major, minor] = version.split('.').map(Number)
  const [wantedMajor, wantedMinor = 0] = wanted.split('.').map(Number)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}
