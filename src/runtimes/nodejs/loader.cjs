'use strict'
// From a handler's name (`folder/file.export.nested`) to the function: finds the file, loads it as CommonJS, as an ES module
// or as TypeScript, and walks its exports. Failures carry the names and texts of the managed runtime.
// source: AWS Lambda dev guide "Define Lambda function handler in Node.js"; aws-lambda-ric 3.3.0 and 4.0.2, observed outputs

const fs = require('node:fs')
const path = require('node:path')
const { createRequire } = require('node:module')
const { pathToFileURL } = require('node:url')
const { runtimeError } = require('./errors.cjs')

/** The managed runtime's own file: modules are required in its name, so that "Require stack" reads as on AWS. */
const RUNTIME_FILE = '/var/runtime/index.mjs'

const CALLBACKS_REMOVED =
  'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.'

/** @param taskRoot  folder of the function's code
 *  @param name      the configured handler
 *  @returns the handler; throws `Runtime.*` errors or whatever the module threw */
async function loadHandler(model, taskRoot, name) {
  if (name.includes('..')) {
    throw runtimeError(
      model,
      'MalformedHandlerName',
      `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    )
  }
  const base = path.basename(name)
  const match = /^([^.]*)\.(.*)$/.exec(base)
  if (match === null) throw runtimeError(model, 'MalformedHandlerName', 'Bad handler')
  const folder = name.slice(0, name.indexOf(base))
  const loaded = await loadModule(model, taskRoot, folder, match[1])
  const handler = findExport(model, loaded, match[2])
  if (!handler) throw runtimeError(model, 'HandlerNotFound', `${name} is undefined or not exported`)
  if (typeof handler !== 'function')
    throw runtimeError(model, 'HandlerNotFound', `${name} is not a function`)
  return handler
}

/** nodejs24.x and newer refuse a handler that takes a callback.
 *  @throws Runtime.CallbackHandlerDeprecated */
function refuseCallback(model, handler, isStreaming) {
  if (!model.hasCallbacks && handler.length >= 3 && !isStreaming) {
    throw runtimeError(model, 'CallbackHandlerDeprecated', CALLBACKS_REMOVED)
  }
}

async function loadModule(model, taskRoot, folder, name) {
  try {
    const file = findFile(path.resolve(taskRoot, folder, name))
    if (file !== undefined) return await loadFile(model, file)
    const runtimeRequire = createRequire(RUNTIME_FILE)
    const paths = [taskRoot, path.join(taskRoot, folder)]
    return runtimeRequire(runtimeRequire.resolve(name, { paths }))
  } catch (error) {
    if (error instanceof SyntaxError) {
      const wrapped = runtimeError(model, 'UserCodeSyntaxError', String(error))
      if (!model.hasCallbacks) wrapped.stack = error.stack
      throw wrapped
    }
    if (error && error.code === 'MODULE_NOT_FOUND')
      throw runtimeError(model, 'ImportModuleError', String(error))
    throw error
  }
}

const EXTENSIONS = ['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.cts']

function findFile(stem) {
  for (const extension of EXTENSIONS) {
    const stats = fs.statSync(stem + extension, { throwIfNoEntry: false })
    if (stats !== undefined && stats.isFile()) return stem + extension
  }
  return undefined
}

async function loadFile(model, file) {
  const extension = path.extname(file)
  if (extension.endsWith('ts')) assertStripsTypes(model, file)
  if (extension === '.mjs' || extension === '.mts' || extension === '.ts')
    return import(pathToFileURL(file).href)
  if (extension === '.js' && isModuleScope(path.dirname(file)))
    return import(pathToFileURL(file).href)
  try {
    return requireFrom(model, file)
  } catch (error) {
    // Module syntax without "type": "module", or with a top-level await: newer versions tell by the source.
    if (error && (error.code === 'ERR_REQUIRE_ESM' || error.code === 'ERR_REQUIRE_ASYNC_MODULE')) {
      return import(pathToFileURL(file).href)
    }
    throw error
  }
}

/** nodejs24.x imports the file (no parent in "Require stack"), older ones require it from the runtime's own file. */
function requireFrom(model, file) {
  if (model.hasCallbacks) return createRequire(RUNTIME_FILE)(file)
  return require('node:module')._load(file, null, false)
}

function assertStripsTypes(model, file) {
  if (process.features.typescript) return
  throw runtimeError(
    model,
    'ImportModuleError',
    `Error: Cannot load '${file}': Node.js ${process.versions.node} does not strip types. Compile it to JavaScript or choose a newer runtime`,
  )
}

/** Does the nearest package.json say "type": "module"? */
function isModuleScope(folder) {
  let at = folder
  for (;;) {
    if (path.basename(at) === 'node_modules') return false
    try {
      return JSON.parse(fs.readFileSync(path.join(at, 'package.json'), 'utf8')).type === 'module'
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') return false
    }
    const parent = path.dirname(at)
    if (parent === at) return false
    at = parent
  }
}

/** nodejs24.x and newer also look into the default export. */
function findExport(model, loaded, name) {
  const found = walk(loaded, name)
  if (found || model.hasCallbacks || !isObject(loaded)) return found
  return walk(loaded.default, name)
}

function walk(from, name) {
  let at = from
  for (const key of name.split('.')) at = at && at[key]
  return at
}

function isObject(value) {
  return typeof value === 'object' && value !== null
}

module.exports = { loadHandler, refuseCallback }
