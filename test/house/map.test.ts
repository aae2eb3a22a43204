/** ARCHITECTURE.md is the map: what it names exists, and no room of src/ is missing on it. The other documents name what exists, too. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')

/** Texts in backticks that look like a file or folder of this repository. */
function pathsIn(text: string): string[] {
  const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '')
  return quoted.filter((path) => /^[\w.-]+(?:\/[\w.-]+)*(?:\/|\.(?:ts|md|json|sqlite))$/.test(path))
}

/** From the root, or from src/, as the map speaks of rooms. */
function isThere(path: string): boolean {
  return existsSync(join(root, path)) || existsSync(join(root, 'src', path))
}

test('what the documents name exists', () => {
  const documents = ['ARCHITECTURE.md', 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md']
  const decisions = globSync('docs/adr/*.md', { cwd: root })
  assert.ok(decisions.length >= 3)
  const made = new Set(['dist/'])
  const wrong = [...documents, ...decisions].flatMap((name) =>
    pathsIn(read(name))
      .filter((path) => !made.has(path) && !isThere(path))
      .map((path) => `${name}: ${path}`),
  )
  assert.deepEqual(wrong, [])
})

test('every room of src/ is on the map', () => {
  const map = read('ARCHITECTURE.md')
  const services = readdirSync(join(root, 'src/services')).map((name) => `\`${name}\``)
  const rooms = readdirSync(join(root, 'src'), { withFileTypes: true }).map((entry) =>
    entry.isDirectory() ? `\`${entry.name}/` : `\`${entry.name}`,
  )
  const missing = [...rooms, ...services].filter((room) => !map.includes(room))
  assert.deepEqual(missing, [])
})

test('the decisions are numbered one after the other', () => {
  const names = readdirSync(join(root, 'docs/adr')).toSorted()
  for (const [index, name] of names.entries()) {
    assert.ok(name.startsWith(`${String(index + 1).padStart(4, '0')}-`), name)
    assert.match(
      read(`docs/adr/${name}`),
      new RegExp(`^# ${index + 1}\\. .+\\n\\nStatus: accepted, `),
    )
  }
})
