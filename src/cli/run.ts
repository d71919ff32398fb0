import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { mask } from '../telemetry/mask.ts';
import type { Cli } from './cli.ts';
import { COMMANDS } from './commands.ts';
import { EXIT, EXIT_CODES_HELP } from './failure/exit.ts';
import { checkArguments } from './input/check-arguments.ts';
import { addGlobalOptions } from './input/global-options.ts';

const HELP_CODES = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version']);

/** Runs one command line, without the interpreter and script in front, and returns the exit code. */
export async function run(cli: Cli, args: readonly string[]): Promise<number> {
  const program = createProgram(cli);
  program.hook('preAction', (_, command) => checkArguments(command, args));
  try {
    await registerCommands(program, cli, args);
    await program.parseAsync(args, { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return helpOrUsage(error);
    const { reportFailure } = await import('./failure/report-failure.ts');
    return reportFailure(cli, error, args.includes('--json'));
  }
}

function createProgram(cli: Cli): Command {
  const program = new Command('signum')
    .description('Signum, the token service: the server, and a client of its API.')
    .usage('[options] <command>')
    .version(`signum ${ownVersion()}`, '--version', 'print the version')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
      // It quotes what it does not understand, which may be a token.
      outputError: (text, write) => write(mask(text).replace(/^error: /, 'error: USAGE: ')),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('See `signum help <command>`.')
    .addHelpText('after', EXIT_CODES_HELP);
  addGlobalOptions(program);
  return program;
}

/** Of package.json, which lies beside both src/ and dist/. */
function ownVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/**
 * Only the command that is called is loaded: the others stand in the help by their summary. So no
 * command pays for what another one imports.
 */
async function registerCommands(
  program: Command,
  cli: Cli,
  args: readonly string[],
): Promise<void> {
  const named = args[0] === 'help' ? args[1] : args[0];
  // With an option first it takes a parser to find the command: load them all, it is the rare case.
  const all = named?.startsWith('-') && !['-h', '--help'].includes(named);
  for (const { name, summary, load } of COMMANDS) {
    if (all || name === named) {
      (await load())(program, cli);
      program.commands.at(-1)?.summary(summary);
    } else {
      program.command(name).description(summary);
    }
  }
}

/** Help that was asked for is a success; help that was not, and any other complaint, is misuse. */
function helpOrUsage({ code, exitCode }: CommanderError): number {
  return HELP_CODES.has(code) && exitCode === 0 ? EXIT.ok : EXIT.usage;
}
