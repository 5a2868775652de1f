// A plugin for rolldown and vite: `#page` is the script and the style of the page
// that shows recordings, made of src/viewer, with the digests by which its
// policy names them. In the page itself `#page` is empty: pages make no pages.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const ID = '\0page'
const viewer = new URL('../src/viewer/', import.meta.url)

export function page() {
  return {
    name: 'page',
    enforce: 'pre',
    resolveId: (id) => (id === '#page' ? ID : undefined),
    load: (id) => (id === ID ? pageModule() : undefined),
  }
}

async function pageModule() {
  const code = await scriptOf(fileURLToPath(new URL('main.ts', viewer)))
  const style = readFileSync(new URL('page.css', viewer), 'utf8').replace(/\s*\n\s*/g, '\n')
  return Object.entries({
    PAGE_CODE: code,
    PAGE_STYLE: style,
    PAGE_CODE_DIGEST: digestOf(code),
    PAGE_STYLE_DIGEST: digestOf(style),
  })
    .map(([name, text]) => `export const ${name} = ${JSON.stringify(text)}`)
    .join('\n')
}

/** One script, in which nothing ends the element that holds it. */
async function scriptOf(input) {
  const bundle = await rolldown({
    input,
    plugins: [{ name: 'no-page', ...emptyPage() }],
    transform: { target: 'es2022' },
    treeshake: { moduleSideEffects: (id) => id === input },
  })
  const { output } = await bundle.generate({ format: 'iife', minify: true })
  await bundle.close()
  return output[0].code.replace(/<(?=\/script|!--)/gi, '\\x3C')
}

function emptyPage() {
  const names = ['PAGE_CODE', 'PAGE_STYLE', 'PAGE_CODE_DIGEST', 'PAGE_STYLE_DIGEST']
  return {
    resolveId: (id) => (id === '#page' ? ID : undefined),
    load: (id) => (id === ID ? names.map((name) => `export const ${name} = ''`).join('\n') : undefined),
  }
}

function digestOf(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
