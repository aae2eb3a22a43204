/** The entry of the command line: everything else is loaded by the command that needs it. */
import { runProgram } from './cli/program.ts'

/** Run the command line. @param argv  as process.argv: node, script, arguments */
export async function main(argv: readonly string[]): Promise<void> {
  await runProgram(argv)
}
