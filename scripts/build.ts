/** Build `dist/` for publishing: TypeScript emitted by tsc, everything else of src/ copied beside it. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const from = join(root, 'src')
const to = join(root, 'dist')

rmSync(to, { recursive: true, force: true })
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
})
const others = globSync('**/*.{json,mjs,cjs,js,py,rb,c,sh}', { cwd: from })
for (const file of others) {
  mkdirSync(dirname(join(to, file)), { recursive: true })
  copyFileSync(join(from, file), join(to, file))
}
console.log(
  `dist/ built: ${globSync('**/*.js', { cwd: to }).length} modules, ${others.length} other files`,
)
