/**
 * Charts as SVG text: bars with whiskers, and lines. Colours come from a style
 * sheet inside the picture that follows the reader's light or dark setting.
 */

const FONT = 'font-family="system-ui, sans-serif"'
const STYLE = `<style>
  .back { fill: #ffffff } .ink { fill: #1f2328 } .soft { fill: #656d76 } .grid { stroke: #d8dee4 }
  .bar { fill: #9aa7b4 } .ours { fill: #2f6fde } .whisker { stroke: #1f2328 }
  .l0 { stroke: #2f6fde; fill: #2f6fde } .l1 { stroke: #d1702a; fill: #d1702a } .l2 { stroke: #3c9a5f; fill: #3c9a5f }
  .l3 { stroke: #9a5fc4; fill: #9a5fc4 } .l4 { stroke: #b8434e; fill: #b8434e } .l5 { stroke: #7a828b; fill: #7a828b }
  .l6 { stroke: #a08a1c; fill: #a08a1c } .l7 { stroke: #2b9aa8; fill: #2b9aa8 }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117 } .ink { fill: #e6edf3 } .soft { fill: #9198a1 } .grid { stroke: #30363d }
    .bar { fill: #59636e } .ours { fill: #5b93f0 } .whisker { stroke: #e6edf3 }
  }
</style>`

const escapeXml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const at = (value) => Number(value.toFixed(1))

function text(x, y, content, { anchor = 'start', size = 12, className = 'ink', weight = 400 } = {}) {
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}" font-size="${size}" font-weight="${weight}" class="${className}">${escapeXml(content)}</text>`
}

function picture(width, height, title, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${at(height)}" width="${width}" height="${at(height)}" ${FONT} role="img" aria-label="${escapeXml(title).replaceAll('"', '&quot;')}">
${STYLE}
<rect width="${width}" height="${at(height)}" class="back"/>
${parts.join('\n')}
</svg>
`
}

/** Ticks from 0 on, at 1, 2 or 5 times a power of ten, about `count` of them. */
export function ticks(max, count = 5) {
  if (!(max > 0)) return [0]
  const rough = max / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)
  const all = []
  for (let i = 0; i * step <= max * 1.0001; i++) all.push(i * step)
  return all
}

const WIDTH = 900
const LABELS = 360
const RIGHT = 110
const BAR = 16
const GAP = 6

/**
 * Horizontal bars in groups; each bar has a value, the range of its runs and a label.
 *
 * @param {{ title: string, axis: string, format: (value: number) => string,
 *   tick: (value: number) => string,
 *   groups: { label: string, bars: { label: string, value: number, min: number, max: number, ours: boolean }[] }[] }} chart
 */
export function barChart({ title, axis, format, tick: formatTick, groups }) {
  const parts = [
    text(16, 26, title, { size: 16, weight: 600 }),
    text(16, 45, `${axis}; bar: median, line: smallest to largest run`, { className: 'soft' }),
  ]
  const wide = WIDTH - LABELS - RIGHT
  let y = 66
  for (const { label, bars } of groups) {
    const max = Math.max(...bars.map((bar) => bar.value))
    const x = (value) => LABELS + (Math.min(value, max * 1.12) / max) * wide
    parts.push(text(16, y + 12, label, { size: 13, weight: 600 }))
    y += 22
    const bottom = y + bars.length * (BAR + GAP)
    for (const tick of ticks(max)) {
      parts.push(`<line x1="${at(x(tick))}" y1="${y - 4}" x2="${at(x(tick))}" y2="${bottom}" class="grid"/>`)
      parts.push(
        text(x(tick), bottom + 13, formatTick(tick), { anchor: 'middle', size: 10, className: 'soft' }),
      )
    }
    for (const bar of bars) {
      const middle = y + BAR / 2
      parts.push(
        text(LABELS - 8, middle + 4, bar.label, { anchor: 'end', weight: bar.ours ? 600 : 400 }),
        `<rect x="${LABELS}" y="${y}" width="${at(Math.max(1, x(bar.value) - LABELS))}" height="${BAR}" rx="2" class="${bar.ours ? 'ours' : 'bar'}"/>`,
        `<line x1="${at(x(bar.min))}" y1="${middle}" x2="${at(x(bar.max))}" y2="${middle}" class="whisker" stroke-width="1.5"/>`,
        text(Math.max(x(bar.value), x(bar.max)) + 6, middle + 4, format(bar.value), { size: 11 }),
      )
      y += BAR + GAP
    }
    y = bottom + 34
  }
  return picture(WIDTH, y, title, parts)
}

const PANEL = { width: 350, height: 200, left: 64, top: 34, columns: 2, gapX: 96, gapY: 74 }

/**
 * Lines in panels; the horizontal axis has the given steps at equal distances.
 *
 * @param {{ title: string, xAxis: string, yAxis: string, steps: string[], format: (value: number) => string,
 *   panels: { label: string, lines: { label: string, values: (number | undefined)[] }[] }[] }} chart
 */
export function lineChart({ title, xAxis, yAxis, steps, format, panels }) {
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ label }) => label)))]
  const parts = [
    text(16, 26, title, { size: 16, weight: 600 }),
    text(16, 45, `${yAxis}, by ${xAxis}`, { className: 'soft' }),
  ]
  const legendTop = 66
  for (const [i, name] of names.entries()) {
    const x = 16 + (i % 2) * 420
    const y = legendTop + Math.floor(i / 2) * 18
    parts.push(
      `<line x1="${x}" y1="${y - 4}" x2="${x + 24}" y2="${y - 4}" ${strokeOf(i)}/>`,
      text(x + 32, y, name),
    )
  }
  const panelsTop = legendTop + Math.ceil(names.length / 2) * 18 + 4
  for (const [i, panel] of panels.entries()) {
    const left = PANEL.left + (i % PANEL.columns) * (PANEL.width + PANEL.gapX)
    const top = panelsTop + PANEL.top + Math.floor(i / PANEL.columns) * (PANEL.height + PANEL.gapY)
    parts.push(...panelParts(panel, { left, top, steps, format, names, xAxis }))
  }
  const rows = Math.ceil(panels.length / PANEL.columns)
  return picture(WIDTH, panelsTop + rows * (PANEL.height + PANEL.gapY) + 10, title, parts)
}

const COLOURS = 8

/** A colour each, then the same colours dashed; the first line is ours and thicker. */
function strokeOf(index) {
  const dash = index < COLOURS ? '' : ' stroke-dasharray="5 4"'
  return `class="l${index % COLOURS}" stroke-width="${index === 0 ? 3.5 : 2}"${dash}`
}

function panelParts({ label, lines }, { left, top, steps, format, names, xAxis }) {
  const max = Math.max(1e-9, ...lines.flatMap(({ values }) => values.filter((value) => value !== undefined)))
  const x = (i) => left + (steps.length === 1 ? PANEL.width / 2 : (i / (steps.length - 1)) * PANEL.width)
  const y = (value) => top + PANEL.height - (value / max) * PANEL.height
  const parts = [text(left, top - 12, label, { size: 13, weight: 600 })]
  for (const tick of ticks(max, 4)) {
    parts.push(
      `<line x1="${left}" y1="${at(y(tick))}" x2="${left + PANEL.width}" y2="${at(y(tick))}" class="grid"/>`,
      text(left - 6, y(tick) + 4, format(tick), { anchor: 'end', size: 10, className: 'soft' }),
    )
  }
  for (const [i, step] of steps.entries()) {
    parts.push(text(x(i), top + PANEL.height + 15, step, { anchor: 'middle', size: 10, className: 'soft' }))
  }
  parts.push(
    text(left + PANEL.width / 2, top + PANEL.height + 30, xAxis, {
      anchor: 'middle',
      size: 11,
      className: 'soft',
    }),
  )
  // The first line is ours: it is drawn last, over the others.
  for (const line of lines.toReversed()) {
    const index = names.indexOf(line.label)
    const className = `l${index % COLOURS}`
    const points = line.values.map((value, i) =>
      value === undefined ? undefined : `${at(x(i))},${at(y(value))}`,
    )
    const known = points.filter((point) => point !== undefined)
    parts.push(`<polyline points="${known.join(' ')}" style="fill: none" ${strokeOf(index)}/>`)
    for (const point of known) {
      const [cx, cy] = point.split(',')
      parts.push(`<circle cx="${cx}" cy="${cy}" r="3" class="${className}"/>`)
    }
  }
  return parts
}
