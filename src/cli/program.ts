/** The commands, their options and their help. Each command's code is loaded only when it runs, so that `lair --help` is quick. */
import { Command, Option } from 'commander'
import { AwsError } from '../lib/errors/aws-error.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import { defaults } from '../config.ts'
import { CommandError, styled } from './terminal.ts'
import { packageVersion } from './version.ts'

/** Parse `argv` and run the command it names; sets process.exitCode. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = createProgram()
  // Whoever read our output has seen enough (`lair logs hello | head`); nobody reading complaints ends no server.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? 0 : 1),
  )
  process.stderr.on('error', () => undefined)
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    process.exitCode = report(error)
  }
}

function report(error: unknown): number {
  const expected =
    error instanceof CommandError || error instanceof AwsError || error instanceof PlatformError
  const label = styled('red', 'error', process.stderr)
  if (!expected) {
    process.stderr.write(`${label}: ${error instanceof Error ? error.stack : String(error)}\n`)
    return 70
  }
  const code = error instanceof AwsError ? ` (${error.code})` : ''
  process.stderr.write(`${label}: ${error.message}${code}\n`)
  return error instanceof CommandError ? error.exitStatus : 1
}

function createProgram(): Command {
  const program = new Command('lair')
    .description('An AWS Lambda that you own: deploy and invoke functions on this machine')
    .version(packageVersion(), '-V, --version')
    .showHelpAfterError('(lair --help shows every command)')
    .addHelpText(
      'after',
      `
Examples:
  $ lair start                                  run the server on http://${defaults.host}:${defaults.port}
  $ eval "$(lair env)"                          point the AWS CLI and SDKs at it
  $ lair invoke examples/hello-node --event '{"name":"Ada"}'
  $ lair logs my-function --follow`,
    )
  addServerCommands(program)
  addFunctionCommands(program)
  addMachineCommands(program)
  return program
}

const dataOption = () =>
  new Option('--data <directory>', 'where everything is kept').env('LAIR_DATA').default('~/.lair')

const portOption = (text: string) =>
  new Option('--port <number>', text).env('LAIR_PORT').default(String(defaults.port))

const jsonOption = () => new Option('--json', 'print JSON for a program to read')

function addServerCommands(program: Command): void {
  program
    .command('start')
    .description('run the server until it is stopped (SIGTERM drains it)')
    .addOption(portOption('public port; 0 takes a free one'))
    .option(
      '--host <address>',
      'address to bind; other than loopback needs own credentials',
      defaults.host,
    )
    .addOption(dataOption())
    .option('--ephemeral', 'keep everything in a temporary directory, gone at the end')
    .option('--no-warm-pool', 'start no runtimes ahead of the functions that need them')
    .addOption(
      new Option(
        '--stream-bandwidth <rule>',
        "of streamed responses; aws: AWS's own limit of 2 MiB/s",
      )
        .choices(['aws', 'unlimited'] as const)
        .default('unlimited' as const),
    )
    .option('--no-freeze', 'let functions run on in the background between invocations')
    .option(
      '--retry-delay-factor <number>',
      "of the waits between attempts of asynchronous invocations, from 0 to 1; 1: AWS's own one and two minutes",
      '1',
    )
    .option(
      '--trace-init',
      'print which part of the server, and of each environment, was ready when',
    )
    .addOption(jsonOption())
    .action(async (options) => (await import('./start.ts')).start(options))
  program
    .command('env')
    .description('print the variables that point AWS tools at the server')
    .addOption(portOption('port of the server'))
    .addHelpText('after', '\nExample:\n  $ eval "$(lair env)" && aws lambda list-functions')
    .action(async (options) => (await import('./env.ts')).env(options))
  program
    .command('demo')
    .description('start a server, deploy an example, invoke it, show what came back')
    .action(async () => (await import('./demo.ts')).demo())
  const credentials = program
    .command('credentials')
    .description('own credentials, needed to bind to more than loopback')
  credentials
    .command('create')
    .description('make an access key; from then on the key "test" is refused')
    .option('--account <id>', 'the account of 12 digits it belongs to', defaults.accountId)
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (options) => (await import('./credentials.ts')).createCredentials(options))
}

function addFunctionCommands(program: Command): void {
  addDevCommand(program)
  addInvokeCommand(program)
  addEmulateCommand(program)
  program
    .command('functions')
    .description('list the deployed functions')
    .addOption(jsonOption())
    .action(async (options) => (await import('./functions.ts')).functions(options))
  program
    .command('logs')
    .description('show what a deployed function wrote')
    .argument('<name>', 'name of the function')
    .option('-f, --follow', 'go on as new lines come')
    .option('--since <minutes>', 'only the last minutes', '60')
    .addOption(jsonOption())
    .action(async (name, options) => (await import('./logs.ts')).logs(name, options))
}

function addInvokeCommand(program: Command): void {
  program
    .command('invoke')
    .description('run a function: a folder or a zip without any server, or a deployed one by name')
    .argument('<target>', 'folder, zip file, or name of a deployed function')
    .option('-e, --event <json>', 'the event: JSON, @file, or - for standard input', '{}')
    .option('--tail', 'show the log of the invocation')
    .option('--watch', 'run again whenever a file of the folder changes')
    .option('--runtime <name>', 'instead of guessing from the files')
    .option('--handler <name>', 'instead of guessing from the files')
    .option('--memory <mib>', 'memory size', '128')
    .option('--timeout <seconds>', 'timeout', '3')
    .option('--env <name=value...>', 'environment variables of the function')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Exit status: 0 the function answered, 2 the function failed, 1 it could not be run.

Examples:
  $ lair invoke examples/hello-node
  $ lair invoke function.zip --event @event.json --tail
  $ echo '{"n":1}' | lair invoke my-function --event -`,
    )
    .action(async (target, options) => (await import('./invoke.ts')).invoke(target, options))
}

function addDevCommand(program: Command): void {
  program
    .command('dev')
    .description('run folders as functions that follow their sources, with logs and debuggers')
    .argument('<folders...>', 'one folder per function')
    .addOption(portOption('port of the server; 0 takes a free one'))
    .option('--endpoint <url>', 'deploy into this server instead of starting one')
    .option('--inspect [port]', 'let debuggers attach; the first function is at 9229')
    .option('--runtime <name>', 'instead of guessing from the files')
    .option('--handler <name>', 'instead of guessing from the files')
    .option('--memory <mib>', 'memory size', '128')
    .option('--timeout <seconds>', 'timeout', '3')
    .option('--env <name=value...>', 'environment variables of the functions')
    .option('--data <directory>', 'where the server keeps everything; otherwise nothing is kept')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
A server that runs at the port already is used, else one is started. Saved files are
served at once: only the function whose folder changed gets a new environment.

Examples:
  $ lair dev orders payments
  $ lair dev orders --inspect            then attach a debugger to 127.0.0.1:9229`,
    )
    .action(async (folders, options, command: Command) => {
      const isPortGiven = command.getOptionValueSource('port') === 'cli'
      await (await import('./dev.ts')).dev(folders, { ...options, isPortGiven })
    })
}

function addEmulateCommand(program: Command): void {
  program
    .command('emulate')
    .description("serve a folder as AWS's Runtime Interface Emulator does, unsigned")
    .argument('<folder>', 'folder or zip file of the function')
    .option('--port <number>', 'port; 0 takes a free one', '8080')
    .option('--runtime <name>', 'instead of guessing from the files')
    .option('--handler <name>', 'instead of guessing from the files')
    .addOption(
      new Option('--memory <mib>', 'memory size')
        .default('3008')
        .env('AWS_LAMBDA_FUNCTION_MEMORY_SIZE'),
    )
    .addOption(
      new Option('--timeout <seconds>', 'timeout')
        .default('300')
        .env('AWS_LAMBDA_FUNCTION_TIMEOUT'),
    )
    .option('--env <name=value...>', 'environment variables of the function')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Example:
  $ lair emulate examples/hello-node
  $ curl -d '{}' http://127.0.0.1:8080/2015-03-31/functions/function/invocations`,
    )
    .action(async (folder, options) => (await import('./emulate.ts')).emulate(folder, options))
}

function addMachineCommands(program: Command): void {
  const runtimes = program
    .command('runtimes')
    .description('list the runtimes and what serves each')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (options) => (await import('./runtimes.ts')).runtimes(options))
  runtimes
    .command('install')
    .description('bring a runtime to this machine')
    .argument('<name>', 'e.g. nodejs22.x, or java21 for the client of Java')
    .action(async (name, _options, command: Command) =>
      (await import('./runtimes.ts')).install(name, command.optsWithGlobals()),
    )
  program
    .command('doctor')
    .description('say what this machine can do, and what to install for more')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (options) => (await import('./doctor.ts')).doctor(options))
}
