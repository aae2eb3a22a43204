/** SPECIFICATION.md tells the truth about itself: promises are numbered in order, and each names tests or benchmarks that exist. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')

type Promised = { readonly number: string; readonly evidence: readonly (readonly string[])[] }

/** `- **1.2** text`, then `  - \`file\` › words › words` for each file that holds it. */
function readPromises(): Promised[] {
  const text = readFileSync(join(root, 'SPECIFICATION.md'), 'utf8')
  const parts = text.split(/^- \*\*(\d+\.\d+)\*\* /m).slice(1)
  const promises: Promised[] = []
  for (let index = 0; index < parts.length; index += 2) {
    const lines = (parts[index + 1] ?? '').matchAll(/^ {2}- `([^`]+)` › (.+)$/gm)
    const evidence = [...lines].map(([, path = '', words = '']) => [path, ...words.split(' › ')])
    promises.push({ number: parts[index] ?? '', evidence })
  }
  return promises
}

const promises = readPromises()

test('the promises are numbered one after the other, by chapter', () => {
  assert.ok(promises.length > 40, `found ${promises.length}`)
  let [chapter, item] = [0, 0]
  for (const { number } of promises) {
    const [nextChapter = 0, nextItem = 0] = number.split('.').map(Number)
    const goesOn = nextChapter === chapter && nextItem === item + 1
    assert.ok(
      goesOn || (nextChapter === chapter + 1 && nextItem === 1),
      `after ${chapter}.${item}: ${number}`,
    )
    ;[chapter, item] = [nextChapter, nextItem]
  }
})

test('every promise names a test or a benchmark, and every one that is named exists', () => {
  const wrong: string[] = []
  for (const { number, evidence } of promises) {
    if (evidence.length === 0) wrong.push(`${number} names no test`)
    for (const [path = '', ...words] of evidence) {
      if (!/^(?:src|test)\/.*\.ts$|^bench\/.*\.ts$/.test(path) || !existsSync(join(root, path))) {
        wrong.push(`${number}: ${path} is not there`)
        continue
      }
      const source = readFileSync(join(root, path), 'utf8').replaceAll("\\'", "'")
      for (const word of words)
        if (!source.includes(word)) wrong.push(`${number}: ${path}: ${word}`)
    }
  }
  assert.deepEqual(wrong, [])
})
