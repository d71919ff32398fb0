import type { Command } from 'commander';
import { type ConfigRow, describeConfig, documentConfig, loadConfig } from '../../config/config.ts';
import type { Cli } from '../cli.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { withoutToken } from '../input/token-input.ts';
import { print } from '../output/output.ts';
import { table } from '../output/table.ts';

interface ConfigOptions extends GlobalOptions {
  readonly docs?: boolean;
}

const EXAMPLES = `
Examples:
  signum config                    what \`signum serve\` would use here; secrets are masked
  signum config --json | jq -r '.settings[] | select(.source != "default") | .name'
  signum config --docs | less      every setting: default, range, what it does
`;

/** `signum config`: the server's effective configuration, or the documentation of all settings. */
export function configCommand(program: Command, cli: Cli): void {
  const command = program
    .command('config')
    .description("Print the server's configuration as it would be used, secrets masked.")
    .option('--docs', 'print the documentation of every setting instead')
    .addHelpText('after', EXAMPLES);
  command.action(() => {
    const options = command.optsWithGlobals<ConfigOptions>();
    if (options.docs) {
      cli.stdout.write(documentConfig());
      return;
    }
    const rows = describeConfig(loadConfig(withoutToken(cli.env)));
    print(cli, options, {
      json: () => ({ settings: rows.map((row) => ({ ...row })) }),
      text: ({ title, dim }) => {
        const style = (row: ConfigRow) => (row.source === 'default' ? dim : undefined);
        return table<ConfigRow>(
          [
            { title: 'Setting', value: (row) => row.name, style },
            { title: 'Value', value: (row) => row.value || '-', style },
            { title: 'From', value: (row) => row.source, style },
          ],
          rows,
          title,
        );
      },
    });
  });
}
