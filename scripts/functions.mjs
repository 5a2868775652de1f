/**
 * Finds the functions with a body in braces, and how long each is. A function
 * is seen by its parameter list: `(…)` that is followed by a body, with a
 * return type or an arrow between them or not.
 */

const CONTROL = new Set(['if', 'for', 'while', 'switch', 'catch', 'with'])
const TYPE_PREFIX = new Set('keyof readonly typeof unique infer asserts new abstract | &'.split(' '))
const TYPE_INFIX = new Set('| & is extends ? :'.split(' '))
const CLOSING = { '(': ')', '[': ']', '{': '}', '<': '>' }

/**
 * @param {import('./tokens.mjs').Token[]} tokens
 * @returns {{ name: string, line: number, lines: number }[]}
 */
export function functionsOf(tokens) {
  const found = []
  const bodies = new Set()
  for (let i = 0; i < tokens.length; i++) {
    const body = bodyAfter(tokens, i)
    if (body === undefined || bodies.has(body)) continue
    bodies.add(body)
    const { name, start } = nameBefore(tokens, i)
    const last = tokens[balanced(tokens, body) - 1]
    found.push({ name, line: tokens[start].line, lines: last.line - tokens[start].line + 1 })
  }
  return found
}

/** Index of the `{` of the body whose parameters begin at `at`; undefined if none do. */
function bodyAfter(tokens, at) {
  if (isWord(tokens[at]) && is(tokens[at + 1], '=>') && is(tokens[at + 2], '{')) return at + 2
  if (!is(tokens[at], '(') || isControl(tokens, at)) return undefined
  let i = balanced(tokens, at)
  if (is(tokens[i], ':')) i = skipType(tokens, i + 1)
  if (is(tokens[i], '=>')) i++
  return is(tokens[i], '{') ? i : undefined
}

function isControl(tokens, at) {
  const word = is(tokens[at - 1], 'await') ? tokens[at - 2] : tokens[at - 1]
  return isWord(word) && CONTROL.has(word.text) && !is(tokens[at - 2], '.')
}

/** What a function is called, and the token at which it begins. */
function nameBefore(tokens, at) {
  if (isWord(tokens[at])) return { name: 'an arrow function', start: at }
  const before = is(tokens[at - 1], '>') ? openingAngle(tokens, at - 1) - 1 : at - 1
  if (isWord(tokens[before])) return { name: tokens[before].text, start: before }
  return { name: 'an arrow function', start: at }
}

function openingAngle(tokens, at) {
  let depth = 0
  for (let i = at; i > 0; i--) {
    if (is(tokens[i], '>')) depth++
    else if (is(tokens[i], '<') && --depth === 0) return i
  }
  return at
}

/** Index behind the bracket that closes the one at `at`. */
function balanced(tokens, at) {
  const open = tokens[at].text
  const close = CLOSING[open]
  let depth = 0
  for (let i = at; i < tokens.length; i++) {
    if (is(tokens[i], open)) depth++
    else if (is(tokens[i], close) && --depth === 0) return i + 1
  }
  return tokens.length
}

/** Index behind the type that begins at `at`. */
function skipType(tokens, at) {
  let i = at
  for (;;) {
    while (tokens[i] !== undefined && TYPE_PREFIX.has(tokens[i].text)) i++
    i = skipOperand(tokens, i)
    if (is(tokens[i], '=>') && !is(tokens[i + 1], '{')) i++
    else if (tokens[i] !== undefined && TYPE_INFIX.has(tokens[i].text)) i++
    else return i
  }
}

/** One name, literal or bracket of a type, with what hangs on it: `.x`, `<…>`, `[…]`, `(…)`. */
function skipOperand(tokens, at) {
  const first = tokens[at]
  if (first === undefined) return at
  let i = first.text in CLOSING && first.kind === 'punctuation' ? balanced(tokens, at) : at + 1
  for (;;) {
    if (is(tokens[i], '.')) i += 2
    else if (is(tokens[i], '<') || is(tokens[i], '[')) i = balanced(tokens, i)
    else if (is(tokens[i], '(') && is(tokens[at], '<')) i = balanced(tokens, i)
    else if (is(tokens[i], '(') && tokens[at].text === 'import') i = balanced(tokens, i)
    else return i
  }
}

function is(token, text) {
  return token !== undefined && token.text === text && token.kind !== 'string'
}

function isWord(token) {
  return token?.kind === 'word'
}
