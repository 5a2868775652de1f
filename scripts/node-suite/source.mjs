/**
 * The tests of Node.js, from Debian's source package: fetched by apt with lists
 * and a cache of its own in a scratch folder, so that the system's stay as they
 * are. One rule: where packages come from is what the system is set up with.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
/** Suites that may have a version 22 or later, the most wanted last. */
const SUITES = ['trixie', 'forky', 'sid']
const scratch = join(tmpdir(), 'hyper-node-suite')

/** Where the tests are, and of which version they are. */
export function debianSource() {
  const folder = join(scratch, 'tree')
  const archive = newestArchive() ?? download()
  const version = /nodejs_([\d.]+)/.exec(archive)[1]
  if (!existsSync(join(folder, 'test/parallel'))) {
    mkdirSync(folder, { recursive: true })
    const parts = ['test/parallel/test-http2-*', 'test/common', 'test/fixtures'].map((part) => `*/${part}`)
    execFileSync('tar', [
      'xf',
      join(scratch, archive),
      '-C',
      folder,
      '--strip-components=1',
      '--wildcards',
      ...parts,
    ])
  }
  return { folder, version }
}

function newestArchive() {
  if (!existsSync(scratch)) return undefined
  const archives = readdirSync(scratch).filter((name) => /^nodejs_\d+.*\.orig\.tar\.xz$/.test(name))
  return archives.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
}

/** A mirror drops a version when it has the next, and its lists may lag: any suite that still has one will do. */
function download() {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'etc'])
    mkdirSync(join(scratch, folder), { recursive: true })
  const lines = SUITES.map((suite) => `deb-src [signed-by=${KEYRING}] ${mirror()} ${suite} main`)
  writeFileSync(join(scratch, 'etc/sources.list'), `${lines.join('\n')}\n`)
  apt('update')
  for (const suite of SUITES) {
    try {
      apt('source', '--download-only', '--only-source', `nodejs/${suite}`)
    } catch {
      console.log(`the whole package is not to be had from ${suite}`)
    }
  }
  const archive = newestArchive()
  if (archive === undefined) throw new Error("Debian's source package of nodejs is not to be had")
  return archive
}

function apt(...args) {
  const options = {
    'Dir::Etc::sourcelist': join(scratch, 'etc/sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': join(scratch, 'lists'),
    'Dir::Cache': join(scratch, 'cache'),
    'APT::Sandbox::User': 'root',
  }
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  execFileSync('apt-get', [...flags, ...args], { cwd: scratch, stdio: ['ignore', 'ignore', 'pipe'] })
}

/** The system's own mirror of Debian. */
function mirror() {
  const files = ['/etc/apt/sources.list', ...listed('/etc/apt/sources.list.d')]
  for (const file of files.filter(existsSync)) {
    const text = readFileSync(file, 'utf8')
    const [, uri] = /^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(\S*\/debian\/?)(?:\s|$)/m.exec(text) ?? []
    if (uri !== undefined) return uri
  }
  throw new Error('the system names no mirror of Debian')
}

function listed(folder) {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
}
