import { EDGE_RULES } from './edge-rules.ts';
import { CONFIG_FILE_ENV, fileKey, secretFileName } from './names.ts';
import { CLIENT_RULES, type Rule, SERVER_RULES } from './rules.ts';
import { CLIENT_SCHEMA, EDGE_SCHEMA, SERVER_SCHEMA } from './schema.ts';
import { type Group, type Setting, settingsOf } from './setting.ts';

/** The text of docs/reference/settings.md, made from the schema. */
export function documentConfig(): string {
  return [
    INTRODUCTION,
    ...Object.values(SERVER_SCHEMA).map(groupSection),
    rulesSection('## Rules between settings', SERVER_RULES),
    EDGE_INTRODUCTION,
    settingsTable(EDGE_SCHEMA.edge),
    rulesSection('### Rules between settings of `signum edge`', EDGE_RULES),
    CLIENT_INTRODUCTION,
    ...Object.values(CLIENT_SCHEMA).map((group) => settingsTable(group)),
    rulesSection('### Rules between settings of the command line', CLIENT_RULES),
  ]
    .join('\n\n')
    .concat('\n');
}

const INTRODUCTION = `# Settings

<!-- Generated from src/config/ by \`npm run docs\`. Do not edit. -->

Every setting is an environment variable. \`${CONFIG_FILE_ENV}\` may name a JSON file that holds
settings too: one flat object, where a setting's key is its variable's name in lower case without
\`SIGNUM_\`, so that \`SIGNUM_MAX_DEVICES\` is \`max_devices\`. The environment wins over the file. An
empty variable counts as not set.

- **Durations** are a whole number and a unit: \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`.
- **Sizes** are a whole number and a unit: \`B\`, \`KiB\`, \`MiB\` or \`GiB\`.
- **Lists** are comma separated, and no item is empty; in the file they may be JSON lists.
- **Secrets** may be kept in a file: \`NAME_FILE\` names it (\`name_file\` in the file), and its content
  without surrounding white space is the value. Secrets are never printed.
- A variable that begins with \`SIGNUM_\` and is no setting is a fault, as is an unknown key of the
  file. Excepted are the variables that Kubernetes makes for a Service named \`signum\` or \`signum-…\`,
  and \`SIGNUM_DEV_…\`.

All faults are reported together at start, and the server does not start with any. \`signum config\`
shows what is in force and where it comes from.`;

const SHARED_WITH_EDGE = settingsOf(EDGE_SCHEMA)
  .map(({ env }) => env)
  .filter((env) => !Object.values(EDGE_SCHEMA.edge.settings).some((own) => own.env === env));

const EDGE_INTRODUCTION = `## signum edge

\`signum edge\` reads these, and of the others ${SHARED_WITH_EDGE.map((env) => `\`${env}\``).join(', ')},
from the environment or from the file that \`${CONFIG_FILE_ENV}\` names.`;

const CLIENT_INTRODUCTION = `## Command line

The \`signum\` command reads these from the environment only; its options win over them.`;

function groupSection(group: Group): string {
  return `## ${group.title}\n\n${settingsTable(group)}`;
}

function settingsTable(group: Group): string {
  const rows = Object.values(group.settings).map((setting) => {
    const { env, kind, doc } = setting;
    const cells = [nameCell(setting), kind.name, defaultCell(setting), kind.allowed, doc];
    return `| <a id="${fileKey(env)}"></a>${cells.map(escapeCell).join(' | ')} |`;
  });
  return [
    '| setting | kind | default | allowed | what it does |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function nameCell({ env, kind, fallbackEnv }: Setting<unknown>): string {
  const fallback = fallbackEnv ? `, else ${namesOf(fallbackEnv, kind.secret)}` : '';
  return `${namesOf(env, kind.secret)}${fallback}`;
}

function namesOf(env: string, secret: boolean): string {
  return secret ? `\`${env}\`, \`${secretFileName(env)}\`` : `\`${env}\``;
}

function defaultCell({ default: value, required }: Setting<unknown>): string {
  if (required) return '**required**';
  if (typeof value === 'object') return value.says;
  return value ? `\`${value}\`` : 'none';
}

function rulesSection<V>(heading: string, rules: readonly Rule<V>[]): string {
  return `${heading}\n\n${rules.map(({ on, says }) => `- \`${on[0]}\` ${says}.`).join('\n')}`;
}

/** Text with the characters that Markdown tables and HTML would take for their own escaped. */
function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
