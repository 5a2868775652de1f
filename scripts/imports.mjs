/**
 * Finds what a file imports, in every form that TypeScript has: `import`,
 * `export … from`, `import()`, `require()`, and types written `import('…').T`.
 */

/**
 * @typedef {object} Import
 * @property {string | undefined} specifier  undefined if it is computed
 * @property {boolean} typeOnly              nothing of it is left when the program runs
 * @property {number} line
 */

/**
 * @param {import('./tokens.mjs').Token[]} tokens
 * @returns {Import[]}
 */
export function importsOf(tokens) {
  const imports = []
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text, line } = tokens[i]
    if (kind !== 'word' || tokens[i - 1]?.text === '.') continue
    const next = tokens[i + 1]
    if ((text === 'import' || text === 'require') && next?.text === '(' && next.kind === 'punctuation') {
      const argument = tokens[i + 2]
      imports.push({ specifier: literal(argument), typeOnly: isTypeQuery(tokens, i), line })
    } else if (text === 'import' || text === 'export') {
      const found = declaration(tokens, i)
      if (found !== undefined) imports.push({ ...found, line })
    }
  }
  return imports
}

function literal(token) {
  return token?.kind === 'string' ? token.text : undefined
}

/** Reads `import 'x'`, `import … from 'x'`, `export … from 'x'`; undefined for any other export. */
function declaration(tokens, start) {
  if (tokens[start + 1]?.kind === 'string') return { specifier: tokens[start + 1].text, typeOnly: false }
  const clause = []
  for (let i = start + 1; i < tokens.length; i++) {
    const { kind, text } = tokens[i]
    if (kind === 'word' && text === 'from' && tokens[i + 1]?.kind === 'string') {
      return { specifier: tokens[i + 1].text, typeOnly: isTypeClause(clause) }
    }
    const belongs = kind === 'word' ? text !== 'import' && text !== 'export' : '{},*'.includes(text)
    if (!belongs || kind === 'template') return undefined
    clause.push(text)
  }
  return undefined
}

/** `type …`, or braces in which each name has its own `type`. */
function isTypeClause(clause) {
  if (clause[0] === 'type' && clause[1] !== undefined && clause[1] !== ',') return true
  if (clause[0] !== '{') return false
  const names = clause.slice(1, clause.lastIndexOf('}')).join(' ').split(',')
  const written = names.map((name) => name.trim()).filter((name) => name !== '')
  return written.length > 0 && written.every((name) => /^type \S/.test(name))
}

/** `typeof import('x')` and `import('x').T` after something that begins a type. */
function isTypeQuery(tokens, at) {
  return ['typeof', 'extends', ':', '<', '|', '&'].includes(tokens[at - 1]?.text)
}
