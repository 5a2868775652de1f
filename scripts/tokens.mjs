/**
 * A tokenizer for our own TypeScript: enough to tell code from comments,
 * strings and regular expressions, and no more. Its one rule: comments and the
 * insides of literals never become tokens that look like code.
 */

const KEYWORDS_BEFORE_REGEX = new Set(
  'return typeof case in of delete void throw new else do instanceof yield await'.split(' '),
)
const WORD_START = /[\p{ID_Start}$_#@]/u
const WORD = /[\p{ID_Continue}$#@]+/uy
const NUMBER = /[0-9][0-9a-zA-Z_.]*/y
const SPACE = /\s+/y

/**
 * @typedef {object} Token
 * @property {'word' | 'number' | 'string' | 'template' | 'regex' | 'punctuation'} kind
 * @property {string} text  for a string: what stands between the quotes
 * @property {number} at    offset of the first character
 * @property {number} line  counted from 1
 */

/**
 * Splits source text into tokens. `=>` is one token, every other punctuation
 * is one character. The code inside `${…}` of a template follows its token.
 *
 * @param {string} source
 * @returns {Token[]}
 */
export function tokenize(source) {
  /** @type {Token[]} */
  const tokens = []
  // What a closing brace returns to: code ('{') or the text of a template ('`').
  const braces = []
  let line = 1
  let at = source.startsWith('#!') ? endOfLine(source, 0) : 0

  const add = (kind, text, length) => {
    tokens.push({ kind, text, at, line })
    skip(length)
  }
  const skip = (length) => {
    for (let i = at; i < at + length; i++) if (source[i] === '\n') line++
    at += length
  }

  while (at < source.length) {
    const char = source[at]
    const two = source.slice(at, at + 2)
    const space = match(SPACE, source, at)
    if (space !== '') skip(space.length)
    else if (two === '//') skip(endOfLine(source, at) - at)
    else if (two === '/*') skip(endOfBlockComment(source, at) - at)
    else if (char === "'" || char === '"') {
      const end = endOfQuoted(source, at)
      add('string', source.slice(at + 1, end - 1), end - at)
    } else if (char === '`') add('template', '', endOfTemplateText(source, at + 1, braces) - at)
    else if (char === '}' && braces.pop() === '`') skip(endOfTemplateText(source, at + 1, braces) - at)
    else if (char === '/' && regexMayStart(tokens)) {
      const end = endOfRegex(source, at)
      add('regex', source.slice(at, end), end - at)
    } else if (WORD_START.test(char)) {
      const word = match(WORD, source, at)
      add('word', word, word.length)
    } else if (char >= '0' && char <= '9') add('number', '', match(NUMBER, source, at).length)
    else if (two === '=>') add('punctuation', two, 2)
    else {
      if (char === '{') braces.push('{')
      add('punctuation', char, 1)
    }
  }
  return tokens
}

function match(pattern, source, at) {
  pattern.lastIndex = at
  return pattern.exec(source)?.[0] ?? ''
}

function endOfLine(source, at) {
  const end = source.indexOf('\n', at)
  return end === -1 ? source.length : end
}

function endOfBlockComment(source, at) {
  const end = source.indexOf('*/', at + 2)
  return end === -1 ? source.length : end + 2
}

function endOfQuoted(source, at) {
  const quote = source[at]
  let end = at + 1
  while (end < source.length && source[end] !== quote && source[end] !== '\n') {
    end += source[end] === '\\' ? 2 : 1
  }
  return Math.min(end + 1, source.length)
}

/** Behind the closing backtick, or behind `${`, which is noted in `braces`. */
function endOfTemplateText(source, from, braces) {
  let end = from
  while (end < source.length && source[end] !== '`') {
    if (source.startsWith('${', end)) {
      braces.push('`')
      return end + 2
    }
    end += source[end] === '\\' ? 2 : 1
  }
  return Math.min(end + 1, source.length)
}

function endOfRegex(source, at) {
  let inClass = false
  let end = at + 1
  while (end < source.length && source[end] !== '\n' && (inClass || source[end] !== '/')) {
    if (source[end] === '[') inClass = true
    else if (source[end] === ']') inClass = false
    end += source[end] === '\\' ? 2 : 1
  }
  end++
  while (end < source.length && /[a-z]/.test(source[end])) end++
  return Math.min(end, source.length)
}

/** A slash after a value divides; anywhere else it begins a regular expression. */
function regexMayStart(tokens) {
  // An exclamation mark behind a value says that it is there, and is no negation.
  const asserted = tokens.at(-1)?.text === '!' && tokens.length > 1 && !regexMayStart(tokens.slice(-2, -1))
  const previous = tokens.at(asserted ? -2 : -1)
  if (previous === undefined) return true
  if (previous.kind === 'punctuation') return ![')', ']', '}'].includes(previous.text)
  return previous.kind === 'word' && KEYWORDS_BEFORE_REGEX.has(previous.text)
}
