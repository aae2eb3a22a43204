'use strict'
// Which contract a function was written against. It follows the runtime's name, not the Node.js that serves it: a
// nodejs18.x function keeps its callbacks on a newer Node.js.
// source: AWS Lambda dev guide "Define Lambda function handler in Node.js"; blog "Node.js 24 runtime now available"

/** @param executionEnv  AWS_EXECUTION_ENV, e.g. `AWS_Lambda_nodejs22.x`
 *  @returns {major, hasCallbacks, isAncient}  `isAncient` is before nodejs10.x: no level in log lines, `stackTrace` in errors */
function programmingModel(executionEnv) {
  const match = /^AWS_Lambda_nodejs(\d*)/.exec(executionEnv || '')
  const major = match === null ? Number.parseInt(process.versions.node, 10) : Number(match[1])
  return { major, hasCallbacks: major < 24, isAncient: major < 10 }
}

module.exports = { programmingModel }
