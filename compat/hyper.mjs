// Where compatibility scripts have this package from: dist/, as `npm run build` makes it.
export const adapter = (name) => import(new URL(`../dist/adapters/${name}.js`, import.meta.url).href)

/** An entry of dist/ by its path there, such as `index`. */
export const hyper = (entry) => import(new URL(`../dist/${entry}.js`, import.meta.url).href)
