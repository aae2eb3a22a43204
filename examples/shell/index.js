// Runs a shell command and logs what it printed: to see where a function runs.
const { exec } = require('child_process')

exports.handle = (event, context, callback) => {
  exec(event.cmd, (error, stdout, stderr) => {
    console.log(stdout + stderr)
    callback(null, { statusCode: 200 })
  })
}
