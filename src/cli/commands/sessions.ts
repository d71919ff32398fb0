import { toJson } from '@bufbuild/protobuf';
import { type Session, SessionSchema } from '@signum/contract/signum/v1/token_pb.js';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { Client } from '../connect/client.ts';
import { withClient } from '../connect/with-client.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { claimsText } from '../output/claims-text.ts';
import { instant } from '../output/instants.ts';
import { print, type Styles } from '../output/output.ts';
import { fields, table } from '../output/table.ts';

interface SessionsOptions extends GlobalOptions {
  readonly tenant: string;
  readonly user: string;
  readonly device?: string;
}

/** The most that the API gives at once. */
const PAGE_SIZE = 100;

const EXAMPLES = `
Examples:
  signum sessions --tenant acme --user ada
  signum sessions --tenant acme --user ada --device phone
  signum sessions --tenant acme --user ada --json | jq -r '.sessions[].device.deviceId'
`;

/** `signum sessions`: a user's live sessions, or everything about the one on a device. */
export function sessionsCommand(program: Command, cli: Cli): void {
  const command = program
    .command('sessions')
    .description("List a user's live sessions, or show the one on a device.")
    .requiredOption('--tenant <id>', 'tenant')
    .requiredOption('--user <id>', 'user')
    .option('--device <id>', 'show the session on this device; exit 1 if there is none')
    .addHelpText('after', EXAMPLES);
  command.action(async () => {
    const options = command.optsWithGlobals<SessionsOptions>();
    const { device } = options;
    await (device === undefined ? list(cli, options) : show(cli, { ...options, device }));
  });
}

async function list(cli: Cli, options: SessionsOptions): Promise<void> {
  const sessions = await withClient(cli, options, (client) => allSessions(client, options));
  print(cli, options, {
    json: () => ({ sessions: sessions.map(sessionJson), totalSize: sessions.length }),
    text: (styles) => sessionTable(sessions, cli.now(), styles),
  });
}

async function allSessions({ tokens }: Client, options: SessionsOptions): Promise<Session[]> {
  const sessions: Session[] = [];
  let pageToken = '';
  do {
    const page = await tokens.listSessions({
      tenantId: options.tenant,
      userId: options.user,
      pageSize: PAGE_SIZE,
      pageToken,
    });
    sessions.push(...page.sessions);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return sessions;
}

function sessionTable(sessions: readonly Session[], now: Date, { title }: Styles): string[] {
  if (sessions.length === 0) return ['No live sessions.'];
  return table(
    [
      { title: 'Device', value: (session) => session.device?.deviceId ?? '' },
      { title: 'Label', value: (session) => session.metadata?.label || '-' },
      { title: 'Session', value: (session) => session.sessionId },
      { title: 'Refreshes', value: (session) => session.generation, align: 'right' },
      { title: 'Last issued', value: (session) => instant(session.issueTime, now) },
      {
        title: 'Ends unless refreshed',
        value: (session) => instant(session.refreshExpireTime, now),
      },
    ],
    sessions,
    title,
  );
}

async function show(
  cli: Cli,
  options: SessionsOptions & { readonly device: string },
): Promise<void> {
  const { session } = await withClient(cli, options, ({ tokens }) =>
    tokens.getSession({
      device: { tenantId: options.tenant, userId: options.user, deviceId: options.device },
    }),
  );
  if (!session) return;
  print(cli, options, {
    json: () => sessionJson(session),
    text: ({ dim }) => fields(sessionFields(session, cli.now()), dim),
  });
}

function sessionFields(
  session: Session,
  now: Date,
): [string, string | number | bigint | undefined][] {
  const { metadata } = session;
  const attributes = Object.entries(metadata?.attributes ?? {});
  return [
    ['Tenant', session.device?.tenantId],
    ['User', session.device?.userId],
    ['Device', session.device?.deviceId],
    ['Label', metadata?.label || undefined],
    ['Session id', session.sessionId],
    ['Token id', session.tokenId],
    ['Signed by key', session.keyId],
    ['Refreshes', session.generation],
    ['Began', instant(session.createTime, now)],
    ['Last issued', instant(session.issueTime, now)],
    ['Access expires', instant(session.accessExpireTime, now)],
    ['Refresh expires', instant(session.refreshExpireTime, now)],
    ['Ends at the latest', instant(session.absoluteExpireTime, now)],
    ['Scopes', session.scopes.join(' ') || undefined],
    ['Audiences', session.audiences.join(' ') || undefined],
    ['Client', session.clientId || undefined],
    ['Authenticated', session.authTime && instant(session.authTime, now)],
    ['Authentication class', session.acr || undefined],
    ['Authentication methods', session.amr.join(' ') || undefined],
    ['Claims', claimsText(session.claims)],
    ['IP', metadata?.ip || undefined],
    ['User agent', metadata?.userAgent || undefined],
    ['Attributes', attributes.map(([key, value]) => `${key}=${value}`).join(' ') || undefined],
    ['Revision', session.revision],
  ];
}

function sessionJson(session: Session) {
  return toJson(SessionSchema, session, { alwaysEmitImplicit: true });
}
