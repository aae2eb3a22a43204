import assert from 'node:assert/strict'
import { test } from 'node:test'
import { corsHeaders, isPreflight, preflightHeaders } from './function-url-cors.ts'

const asked = { origin: 'https://a.example', 'access-control-request-method': 'PUT' }

test('isPreflight() is what a browser asks before a request, not every OPTIONS', () => {
  assert.ok(isPreflight('OPTIONS', asked))
  assert.ok(!isPreflight('OPTIONS', { origin: 'https://a.example' }))
  assert.ok(!isPreflight('PUT', asked))
})

test('corsHeaders() let in the origins that are named', () => {
  const allowed = (AllowOrigins: string[], origin = 'https://a.example') =>
    corsHeaders({ AllowOrigins }, { origin })['access-control-allow-origin']
  assert.equal(allowed(['*']), '*')
  assert.equal(allowed(['https://a.example']), 'https://a.example')
  assert.equal(allowed(['https://*']), 'https://a.example')
  assert.equal(allowed(['http://*']), undefined)
  assert.equal(allowed(['https://a.example'], 'https://a.example.evil'), undefined)
  assert.equal(allowed([]), undefined)
  assert.deepEqual(corsHeaders({ AllowOrigins: ['*'] }, {}), {})
  assert.deepEqual(
    corsHeaders(
      {
        AllowOrigins: ['https://a.example'],
        AllowCredentials: true,
        ExposeHeaders: ['x-a', 'x-b'],
      },
      asked,
    ),
    {
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'x-a,x-b',
      vary: 'Origin',
    },
  )
})

test('preflightHeaders() name methods, headers and age, of allowed methods only', () => {
  const cors = {
    AllowOrigins: ['*'],
    AllowMethods: ['GET', 'PUT'],
    AllowHeaders: ['x-y'],
    MaxAge: 5,
  }
  assert.deepEqual(preflightHeaders(cors, asked), {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET,PUT',
    'access-control-allow-headers': 'x-y',
    'access-control-max-age': '5',
  })
  assert.deepEqual(preflightHeaders({ ...cors, AllowMethods: ['GET'] }, asked), { vary: 'Origin' })
  assert.ok(
    preflightHeaders({ ...cors, AllowMethods: ['*'] }, asked)['access-control-allow-methods'],
  )
})
