// The JavaScript of dist/: each entry that package.json names at the place that
// its source has in src/, and what entries share in chunks beside them, the
// protocol in one: every file that is imported costs half a millisecond. Types are tsc's affair.
// An argument names another folder than dist/.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { minifySync } from 'rolldown/utils'
import { page } from './page.mjs'

const root = new URL('..', import.meta.url)
const { exports, imports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

const entries = [...Object.values(exports), ...Object.values(imports)]
  .filter((entry) => typeof entry === 'object')
  .map((entry) => entry.default.replace(/^\.\/dist\/|\.js$/g, ''))

const bundle = await rolldown({
  cwd: fileURLToPath(root),
  input: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
  // What the runtime decides is looked up when the package is used.
  external: [/^node:/, ...Object.keys(imports)],
  plugins: [page(), small('trace')],
  transform: { target: 'es2022' },
})
await bundle.write({
  dir: process.argv[2] ?? 'dist',
  format: 'esm',
  sourcemap: true,
  chunkFileNames: 'chunks/[name].js',
  codeSplitting: {
    groups: [
      { name: 'protocol', priority: 2, test: /\/src\/(?:bytes|errors|hpack|frame|protocol)\b/ },
      { name: 'trace', priority: 1, test: /\/src\/trace\b|^\0page$/ },
      { name: 'client', test: /\/src\/client\/(?!http1\/)/ },
      // Behind `client`, since a group takes along what it stands on.
      { name: 'http1', test: /\/src\/(?:http1|client\/http1)\// },
    ],
  },
  // Names stay. Comments and white space stand in src/: here they cost every process that loads them memory and time.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
})
await bundle.close()

/** A chunk that most processes load and never use is made small. */
function small(name) {
  return {
    name: 'small',
    renderChunk(code, chunk) {
      if (chunk.name !== name) return null
      const { code: made, map } = minifySync(chunk.fileName, code, { module: true, sourcemap: true })
      return { code: made, map }
    },
  }
}
