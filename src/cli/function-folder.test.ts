import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { guessFunction } from './function-folder.ts'
import { CommandError } from './terminal.ts'

function guess(files: Record<string, string>, given = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'lair-guess-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    return guessFunction(folder, given)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('guessFunction() finds the usual files and the name they export', () => {
  const node = { runtime: 'nodejs24.x' }
  assert.deepEqual(guess({ 'index.mjs': 'export const handler = async () => 1' }), {
    ...node,
    handler: 'index.handler',
  })
  assert.deepEqual(guess({ 'index.js': 'exports.handle = (e, c, cb) => cb()' }), {
    ...node,
    handler: 'index.handle',
  })
  assert.deepEqual(guess({ 'src/app.ts': 'export async function lambdaHandler() {}' }), {
    ...node,
    handler: 'src/app.lambdaHandler',
  })
  assert.deepEqual(guess({ 'index.js': 'const x = 1\nexport { x as y, handler }' }), {
    ...node,
    handler: 'index.handler',
  })
  assert.deepEqual(guess({ 'lambda_function.py': 'def lambda_handler(event, context):\n  pass' }), {
    runtime: 'python3.13',
    handler: 'lambda_function.lambda_handler',
  })
  assert.deepEqual(guess({ 'index.rb': 'def helper\nend\ndef handler(event:, context:)\nend' }), {
    runtime: 'ruby3.4',
    handler: 'index.handler',
  })
  assert.deepEqual(guess({ bootstrap: '#!/bin/sh' }), {
    runtime: 'provided.al2023',
    handler: 'bootstrap',
  })
})

test('guessFunction() takes what the user said before any guess', () => {
  const files = { 'index.mjs': 'export const handler = 1', 'app.py': 'def handler(e, c): pass' }
  assert.deepEqual(guess(files, { runtime: 'python3.11' }), {
    runtime: 'python3.11',
    handler: 'app.handler',
  })
  assert.deepEqual(guess(files, { runtime: 'nodejs22.x', handler: 'a.b' }), {
    runtime: 'nodejs22.x',
    handler: 'a.b',
  })
})

test('guessFunction() says what to do about a folder it does not understand', () => {
  assert.throws(
    () => guess({ 'readme.txt': '' }),
    (error) => error instanceof CommandError && /--runtime/.test(error.message),
  )
})
