/**
 * The page that shows a recording: one file that asks nobody for anything. Its
 * one rule: what was recorded goes in as Base64 and never as markup.
 */
import { PAGE_CODE, PAGE_CODE_DIGEST, PAGE_STYLE, PAGE_STYLE_DIGEST } from '#page'
import type { RecordedStory } from './recorded-story.ts'
import { base64 } from './text.ts'

/** Nothing is loaded; of scripts and styles, the page's own alone. */
const POLICY = [
  "default-src 'none'",
  `script-src '${PAGE_CODE_DIGEST}'`,
  `style-src '${PAGE_STYLE_DIGEST}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

export function pageOf(story: Pick<RecordedStory, 'write'>): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>HTTP/2 recording</title>
<style>${PAGE_STYLE}</style>
<body>
<script type="application/octet-stream" id="recording">${base64(story.write())}</script>
<script>${PAGE_CODE}</script>
</body>
</html>
`
}
