/** Results as tables: of text for the terminal, of Markdown for the page. */
import { digits, formatSpread } from './format.mjs'

/** Head and lines of one case: client, each figure that any row has, ratio to ours. */
function cells({ figures }, { rows }) {
  const used = figures.filter(
    ({ key, mark }) => mark === undefined && rows.some((row) => row.figures[key] !== undefined),
  )
  const head = ['client', ...used.map(({ label }) => label), 'ratio to ours']
  const lines = rows.map((row) => [
    row.label + marks(figures, row),
    ...used.map(({ key, unit }) =>
      row.figures[key] === undefined ? '–' : formatSpread(row.figures[key], unit),
    ),
    row.ratio === undefined ? '–' : digits(row.ratio),
  ])
  return { head, lines }
}

/** What a figure that is no number says of a row, such as that a transfer was ended early. */
function marks(figures, row) {
  const said = figures.filter(({ key, mark }) => mark !== undefined && row.figures[key]?.max > 0)
  return said.map(({ mark }) => ` (${mark})`).join('')
}

/** A workload's cases as aligned text. */
export function textTables(workload) {
  const parts = [`\n== ${workload.title} (${workload.rounds} rounds, server: ${workload.server})`]
  for (const each of workload.cases) {
    const { head, lines } = cells(workload, each)
    const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column].length)))
    const show = (line) =>
      line.map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join('  ')
    parts.push(`\n-- ${each.label}`, show(head), ...lines.map(show))
  }
  for (const { row, reason } of workload.missing) parts.push(`left out: ${row} (${reason})`)
  for (const { row, reason } of workload.failed) parts.push(`FAILED: ${row}: ${reason.split('\n')[0]}`)
  return parts.join('\n')
}

/** One case as Markdown. */
export function markdownTable(workload, each) {
  const { head, lines } = cells(workload, each)
  const show = (line) => `| ${line.join(' | ')} |`
  const rule = `| --- |${' ---: |'.repeat(head.length - 1)}`
  return [show(head), rule, ...lines.map((line, i) => show(each.rows[i].ours ? bold(line) : line))].join('\n')
}

function bold([first, ...rest]) {
  return [`**${first}**`, ...rest]
}
