import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const SCRIPT = fileURLToPath(new URL('../../scripts/check-layers.mjs', import.meta.url))
const PACKAGE = {
  name: 'hyper-h2',
  exports: {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './frame': { types: './dist/frame/index.d.ts', default: './dist/frame/index.js' },
  },
  imports: { '#platform': { default: './dist/transport/node-platform.js' } },
}

const trees: string[] = []
afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true })
})

/** Writes a tree of sources, checks it, and returns the lines printed. */
function check(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'layers-'))
  trees.push(root)
  writeFileSync(join(root, 'package.json'), JSON.stringify(PACKAGE))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, 'src', path)), { recursive: true })
    writeFileSync(join(root, 'src', path), text)
  }
  const { stdout, stderr, status } = spawnSync(process.execPath, [SCRIPT, root], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const lines = stdout.trimEnd().split('\n')
  const clean = lines.length === 1 && lines[0]?.endsWith('every arrow points down') === true
  expect(status).toBe(clean ? 0 : 1)
  return clean ? [] : lines
}

function lines(count: number): string {
  return 'x\n'.repeat(count)
}

const ALLOWED: [string, Record<string, string>][] = [
  ['hpack to a leaf', { 'hpack/a.ts': "import { x } from '../bytes.ts'" }],
  ['frame to its own room', { 'frame/a.ts': "export * from './b.ts'" }],
  ['protocol to hpack and frame', { 'protocol/a.ts': "import '../hpack/a.ts'\nimport '../frame/a.ts'" }],
  ['transport to node', { 'transport/a.ts': "import { connect } from 'node:net'" }],
  ['client to protocol', { 'client/session/a.ts': "import { x } from '../../protocol/a.ts'" }],
  ['client to the platform', { 'client/session/a.ts': "import { platform } from '#platform'" }],
  ['client to the registry', { 'client/session/a.ts': "import { x } from '../../frame/registry.ts'" }],
  [
    'observe to the trace of frames',
    { 'client/observe/a.ts': "import { x } from '../../frame/frame-trace.ts'" },
  ],
  ['observe to recordings', { 'client/observe/a.ts': "import { x } from '../../trace/tape.ts'" }],
  [
    'faces to the recording type',
    { 'client/faces/a.ts': "import type { x } from '../../trace/recording.ts'" },
  ],
  [
    'recordings to the engine and the page',
    { 'trace/a.ts': "import { x } from '../protocol/a.ts'\nimport { y } from '#page'" },
  ],
  [
    'failure to the decoding error',
    { 'client/failure.ts': "import { x } from '../hpack/decoding-error.ts'" },
  ],
  ['a floor to one below', { 'client/pool/a.ts': "import { x } from '../session/a.ts'" }],
  ['a floor to failure', { 'client/settings/a.ts': "import { x } from '../failure.ts'" }],
  [
    'client to transport types',
    { 'client/session/a.ts': "import type { T } from '../../transport/transport.ts'" },
  ],
  [
    'client to transport types by name',
    { 'client/session/a.ts': "import { type T } from '../../transport/transport.ts'" },
  ],
  [
    'the entry to client and errors',
    { 'index.ts': "export * from './client/a.ts'\nexport * from './errors.ts'" },
  ],
  ['the entry to window managers', { 'index.ts': "export { x } from './protocol/window-managers.ts'" }],
  ['an adapter to the package', { 'adapters/a.ts': "import { fetch } from 'hyper-h2'" }],
  ['a command to a public entry by path', { 'cli/a.ts': "import { describe } from '../frame/index.ts'" }],
]

/** Arrows between floors of `client/` that stood once, or are easily drawn. */
const CLIMBS: [from: string, to: string][] = [
  ['settings/options.ts', 'response/decode-meter.ts'],
  ['settings/limits.ts', 'response/decode-meter.ts'],
  ['settings/options.ts', 'pool/proxy-choice.ts'],
  ['response/content.ts', 'request/request-head.ts'],
  ['request/request-init.ts', 'session/exchange.ts'],
  ['request/put-requests.ts', 'session/exchange.ts'],
  ['request/client-request.ts', 'session/exchange.ts'],
  ['session/session.ts', 'observe/reporter.ts'],
  ['session/exchange.ts', 'http1/http1-session.ts'],
  ['http1/http1-session.ts', 'pool/pool.ts'],
  ['pool/router.ts', 'faces/client-options.ts'],
  ['fetch/shared-client.ts', 'faces/client.ts'],
  ['fetch/fetch.ts', 'pool/pool.ts'],
]

const FORBIDDEN: [string, Record<string, string>, string][] = [
  [
    'a session to recordings',
    { 'client/session/a.ts': "import { x } from '../../trace/tape.ts'" },
    'client/session/a.ts:1 arrow',
  ],
  ['recordings to the client', { 'trace/a.ts': "import { x } from '../client/a.ts'" }, 'trace/a.ts:1 arrow'],
  ['a clock in recordings', { 'trace/a.ts': 'export const x = () => Date.now()' }, 'trace/a.ts:1 pure'],
  ['a leaf to a leaf', { 'bytes.ts': "import './errors.ts'" }, 'bytes.ts:1 arrow'],
  ['hpack to frame', { 'hpack/a.ts': "import { x } from '../frame/a.ts'" }, 'hpack/a.ts:1 arrow'],
  ['frame to hpack', { 'frame/a.ts': "import { x } from '../hpack/a.ts'" }, 'frame/a.ts:1 arrow'],
  [
    'frame to protocol, types too',
    { 'frame/a.ts': "import type { X } from '../protocol/a.ts'" },
    'frame/a.ts:1 arrow',
  ],
  ['a type query', { 'frame/a.ts': "let a: import('../protocol/a.ts').X" }, 'frame/a.ts:1 arrow'],
  ['an export from', { 'hpack/a.ts': "\nexport { x } from '../frame/a.ts'" }, 'hpack/a.ts:2 arrow'],
  [
    'an export behind an export',
    { 'hpack/a.ts': "export { a }\nexport * from '../frame/a.ts'" },
    'hpack/a.ts:2 arrow',
  ],
  ['a dynamic import', { 'hpack/a.ts': "x = () => import('../frame/a.ts')" }, 'hpack/a.ts:1 arrow'],
  ['a require', { 'hpack/a.ts': "x = require('../frame/a.ts')" }, 'hpack/a.ts:1 arrow'],
  ['a computed import', { 'client/session/a.ts': 'x = import(name)' }, 'client/session/a.ts:1 arrow'],
  ['protocol to client', { 'protocol/a.ts': "import '../client/a.ts'" }, 'protocol/a.ts:1 arrow'],
  [
    'protocol to transport',
    { 'protocol/a.ts': "import '../transport/transport.ts'" },
    'protocol/a.ts:1 arrow',
  ],
  ['protocol to node', { 'protocol/a.ts': "import 'node:util'" }, 'protocol/a.ts:1 arrow'],
  ['transport to protocol', { 'transport/a.ts': "import '../protocol/a.ts'" }, 'transport/a.ts:1 arrow'],
  [
    'client to a platform file',
    { 'client/session/a.ts': "import '../../transport/node.ts'" },
    'client/session/a.ts:1 arrow',
  ],
  [
    'client to transport values',
    { 'client/session/a.ts': "import { x } from '../../transport/transport.ts'" },
    'client/session/a.ts:1 arrow',
  ],
  [
    'client to a mixed import',
    { 'client/session/a.ts': "import { type T, x } from '../../transport/transport.ts'" },
    'client/session/a.ts:1',
  ],
  [
    'client to node',
    { 'client/session/a.ts': "import { x } from 'node:net'" },
    'client/session/a.ts:1 arrow',
  ],
  [
    'client to the parser',
    { 'client/session/a.ts': "import { x } from '../../frame/parser.ts'" },
    'client/session/a.ts:1 arrow',
  ],
  [
    'client to hpack',
    { 'client/session/a.ts': "import { x } from '../../hpack/encoder.ts'" },
    'client/session/a.ts:1 arrow',
  ],
  [
    'client to an adapter',
    { 'client/session/a.ts': "import { x } from '../../adapters/a.ts'" },
    'client/session/a.ts:1 arrow',
  ],
  ['a file on no floor', { 'client/a.ts': '' }, 'client/a.ts:1 arrow'],
  ['a floor that was not drawn', { 'client/other/a.ts': '' }, 'client/other/a.ts:1 arrow'],
  ...CLIMBS.map(([from, to]): [string, Record<string, string>, string] => [
    `${from} up to ${to}, types too`,
    { [`client/${from}`]: `import type { X } from '../${to}'` },
    `client/${from}:1 arrow`,
  ]),
  ['the entry to the engine', { 'index.ts': "export * from './protocol/connection.ts'" }, 'index.ts:1 arrow'],
  [
    'an adapter to an inside',
    { 'adapters/a.ts': "import { x } from '../client/pool.ts'" },
    'adapters/a.ts:1 arrow',
  ],
  [
    'a command to an unexported room',
    { 'cli/a.ts': "import { x } from '../hpack/index.ts'" },
    'cli/a.ts:1 arrow',
  ],
  ['a file in no room', { 'cache/a.ts': '' }, 'cache/a.ts:1 arrow'],
  ['a stray file', { 'stray.ts': '' }, 'stray.ts:1 arrow'],
  [
    'a cycle of types',
    { 'hpack/a.ts': "import type { B } from './b.ts'", 'hpack/b.ts': "import type { A } from './a.ts'" },
    'hpack/b.ts:1 cycle: hpack/a.ts -> hpack/b.ts -> hpack/a.ts',
  ],
  [
    'a cycle through the platform',
    { 'transport/node-platform.ts': "import './b.ts'", 'transport/b.ts': "import '#platform'" },
    'cycle: ',
  ],
  ['an async function', { 'hpack/a.ts': 'export async function f() {}' }, 'hpack/a.ts:1 pure: no async'],
  ['a promise', { 'frame/a.ts': '\nlet a: Promise<void>' }, 'frame/a.ts:2 pure: no Promise'],
  ['a timer', { 'protocol/a.ts': 'setTimeout(f, 1)' }, 'protocol/a.ts:1 pure: no setTimeout'],
  ['a microtask', { 'protocol/a.ts': 'queueMicrotask(f)' }, 'protocol/a.ts:1 pure: no queueMicrotask'],
  ['a clock', { 'protocol/a.ts': 'const now = Date.now()' }, 'protocol/a.ts:1 pure: no Date'],
  ['another clock', { 'protocol/a.ts': 'performance.now()' }, 'protocol/a.ts:1 pure: no performance'],
  ['chance', { 'protocol/a.ts': 'Math.random()' }, 'protocol/a.ts:1 pure: no Math.random'],
  ['a console', { 'protocol/a.ts': 'console.log(1)' }, 'protocol/a.ts:1 pure: no console'],
  [
    'a word inside a template',
    { 'hpack/a.ts': `x = \`a \${\`b \${await c} Date\`} console\`` },
    'hpack/a.ts:1 pure: no await',
  ],
  ['a nameless file', { 'client/session/utils.ts': '' }, 'client/session/utils.ts:1 name'],
  ['a nameless folder', { 'client/session/common/a.ts': '' }, 'client/session/common/a.ts:1 name'],
  ['a file of types', { 'protocol/types.ts': '' }, 'protocol/types.ts:1 name'],
  ['a long file', { 'client/session/a.ts': lines(451) }, 'client/session/a.ts:1 size: 451 lines in a file'],
  [
    'a long function',
    { 'client/session/a.ts': `\nfunction f<T>(a: T): { b: T } {\n${lines(59)}}` },
    'a.ts:2 size: 61 lines in f',
  ],
  [
    'a long method',
    { 'client/session/a.ts': `class A {\n  get b(): A['c'] {\n${lines(59)}}\n}` },
    'a.ts:2 size: 61 lines in b',
  ],
  [
    'a long arrow function',
    { 'client/session/a.ts': `const f = (a: B): C<D> => {\n${lines(59)}}` },
    'a.ts:1 size: 61 lines',
  ],
  [
    'a long bare arrow function',
    { 'client/session/a.ts': `list.map(a => {\n${lines(59)}})` },
    'a.ts:1 size: 61 lines',
  ],
  [
    'a reference without a space',
    { 'client/session/a.ts': '// RFC9113 §6.9' },
    'client/session/a.ts:1 reference',
  ],
  [
    'a reference in words',
    { 'client/session/a.ts': '/*\n * RFC 9113 Section 6.9\n */' },
    'client/session/a.ts:2 reference',
  ],
  [
    'a reference with a comma',
    { 'client/session/a.ts': '// RFC 9113, §6.9' },
    'client/session/a.ts:1 reference',
  ],
  [
    'a reference in a string',
    { 'client/session/a.ts': "x = 'see rfc7541'" },
    'client/session/a.ts:1 reference',
  ],
  ['a section alone', { 'client/session/a.ts': '// see Section 6.9' }, 'client/session/a.ts:1 reference'],
  [
    'a reference over two lines',
    { 'client/session/a.ts': '/**\n * RFC 9113\n * §6.9\n */' },
    'client/session/a.ts:2 reference',
  ],
]

describe('the layer check', () => {
  it.each(ALLOWED)('lets pass: %s', (_name, files) => {
    expect(check(files)).toEqual([])
  })

  it.each(FORBIDDEN)('finds: %s', (_name, files, expected) => {
    const found = check(files)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(expected)
    expect(found[0]).toMatch(/^src\/\S+:\d+ \S/)
  })

  it('reads past comments, strings, templates and regular expressions', () => {
    const text = [
      "// import { x } from '../client/a.ts'",
      "/* await Promise, console.log(Date.now()) and import '../client/b.ts' */",
      'const a = "import x from \'../client/a.ts\' async"',
      `const b = \`await \${'Promise'} /* \``,
      'const c = /["\'`/]console/.test(b) ? 1 / 2 : 3 / 4',
      "export { readUint16 } from '../bytes.ts' // §6.9 of RFC 9113, field section 9, RFC 7541 Appendix B",
    ]
    expect(check({ 'frame/a.ts': text.join('\n') })).toEqual([])
  })

  it('takes blocks, types and nested functions for what they are', () => {
    const text = `
function f(a: () => void): asserts a is { b: 1 } {
  for await (const x of y) {
${lines(40)}  }
}
interface G {
  first(): void
  second(): { a: 1 }
${lines(80)}}
switch (a) {
  case f(1): {
${lines(80)}  }
}
`
    expect(check({ 'client/session/a.ts': text })).toEqual([])
  })

  it('fails where there is nothing to check', () => {
    expect(check({})).toEqual(['src/:1 no source: nothing was checked'])
  })
})
