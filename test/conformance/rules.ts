/**
 * The rules that the suite proves, read from `rules.tsv`, one a line: what
 * `docs/conformance.md` is made of and every test is named after.
 */
import { readFileSync } from 'node:fs'

/** A rule of the wire. */
export interface Rule {
  readonly id: string
  /** Such as `RFC 9113 §6.9.2`. */
  readonly section: string
  readonly asks: string
}

const RULES: ReadonlyMap<string, Rule> = new Map(
  readFileSync(new URL('rules.tsv', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [id = '', section = '', , asks = ''] = line.split('\t')
      return [id, { id, section, asks }]
    }),
)

/** The name of a test: rule, section, claim. Throws for a rule that is not in the table. */
export function testName(id: string, claim: string): string {
  const rule = RULES.get(id)
  if (rule === undefined) throw new Error(`no rule ${id}`)
  return `${id} ${rule.section}: ${claim}`
}
