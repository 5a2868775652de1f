/** The page's script and style, which are made of src/viewer when the package is built, and their digests. */
declare module '#page' {
  export const PAGE_CODE: string
  export const PAGE_STYLE: string
  export const PAGE_CODE_DIGEST: string
  export const PAGE_STYLE_DIGEST: string
}
