import { create } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import {
  type EndedToken,
  type WatchEvent,
  type WatchPart,
  type WatchRequest,
  WatchRequestSchema,
  type WatchReset,
  WatchReset_ReasonSchema,
} from '@signum/contract/signum/v1/feed_service_pb.js';
import { RevocationReasonSchema } from '@signum/contract/signum/v1/token_pb.js';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { withClient } from '../connect/with-client.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { enumName } from '../output/enum-name.ts';
import { rfc3339 } from '../output/instants.ts';
import { type Styles, stylesFor } from '../output/output.ts';

interface WatchOptions extends GlobalOptions {
  readonly tenant?: readonly string[];
}

const NOTES = `
Prints every end of a token from now on, a line each, until it is stopped; with --json, a JSON object
a line. What ended before is not printed. A line that says "reset" tells that changes of a partition
may have been missed; one that says "lost", that Redis has failed over or started again, and may have lost
sessions that had just begun. Needs the permission watch.

Examples:
  signum watch
  signum watch --tenant acme --tenant globex
  signum watch --json | jq -r 'select(.reason == "REFRESH_REUSE") | .device.userId'
`;

/** What a line is made of. */
type Line = Readonly<Record<string, unknown>>;

/** `signum watch`: prints the feed of ended tokens. */
export function watchCommand(program: Command, cli: Cli): void {
  const command = program
    .command('watch')
    .description('Print every end of a token as it happens.')
    .option('--tenant <id>', 'only of this tenant; may be given again', collect)
    .addHelpText('after', NOTES);
  command.action(async () => {
    const options = command.optsWithGlobals<WatchOptions>();
    const styles = stylesFor(cli, cli.stdout);
    await withClient(cli, options, async ({ feed }) => {
      const end = Promise.withResolvers<void>();
      const requests = subscribe(options.tenant ?? [], end.promise);
      try {
        // Without a deadline: it is watched until somebody stops it.
        for await (const response of feed.watch(requests, { timeoutMs: 0 })) {
          for (const line of response.parts.flatMap(linesOf)) {
            cli.stdout.write(`${options.json ? JSON.stringify(line) : textOf(line, styles)}\n`);
          }
        }
      } finally {
        end.resolve();
      }
    });
  });
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Keeps the sending side open as long as it is watched. */
async function* subscribe(
  tenantIds: readonly string[],
  end: Promise<void>,
): AsyncGenerator<WatchRequest> {
  const start = { tenantIds: [...tenantIds], includeDevices: true };
  yield create(WatchRequestSchema, { request: { case: 'start', value: start } });
  await end;
}

/** None for what says nothing to people. */
function linesOf({ part }: WatchPart): readonly Line[] {
  switch (part.case) {
    case 'welcome': {
      const { deploymentId, partitions, tenantIds } = part.value;
      return [{ event: 'watching', deploymentId, partitions, tenantIds }];
    }
    case 'events':
      return part.value.events.map(lineOf);
    case 'reset':
      return [resetLine(part.value)];
    default:
      return [];
  }
}

function lineOf({ partition, time, revision, event }: WatchEvent): Line {
  const common = {
    ...(time && { time: rfc3339(timestampDate(time)) }),
    ...{ partition, revision: Number(revision) },
  };
  if (event.case === 'ended') return { event: 'ended', ...common, ...endedLine(event.value) };
  const scope = event.value?.scope;
  if (scope?.case === 'lost') return { event: 'lost', ...common };
  return { event: 'revoked', ...common, scope: scope?.case, name: String(scope?.value) };
}

function endedLine({ tokenId, sessionId, reason, expireTime, device }: EndedToken): Line {
  const { tenantId = '', userId = '', deviceId = '' } = device ?? {};
  return {
    reason: enumName(RevocationReasonSchema, reason),
    device: { tenantId, userId, deviceId },
    ...{ tokenId: uuidOf(tokenId), sessionId: uuidOf(sessionId) },
    ...(expireTime && { expires: rfc3339(timestampDate(expireTime)) }),
  };
}

function resetLine({ partition, reason }: WatchReset): Line {
  return { event: 'reset', partition, reason: enumName(WatchReset_ReasonSchema, reason) };
}

function textOf(line: Line, { dim, warn, title }: Styles): string {
  switch (line['event']) {
    case 'watching': {
      const tenants = (line['tenantIds'] as readonly string[]).join(', ') || 'all tenants';
      return dim(`Watching ${tenants}. Ctrl-C stops.`);
    }
    case 'ended': {
      const { tenantId, userId, deviceId } = line['device'] as Record<string, string>;
      const who = `${tenantId} / ${userId} / ${deviceId}`;
      return `${line['time']}  ${title(String(line['reason']).padEnd(13))}  ${who}  ${dim(`session ${line['sessionId']}`)}`;
    }
    case 'revoked':
      return `${line['time']}  ${title(revokedText(line).padEnd(13))}  ${dim(`partition ${line['partition']}`)}`;
    case 'lost':
      return warn(`${line['time']}  sessions may be lost: partition ${line['partition']}`);
    default:
      return warn(`reset: partition ${line['partition']} (${line['reason']})`);
  }
}

function revokedText({ scope, name }: Line): string {
  if (scope === 'tenantId') return `TENANT ${name}`;
  return scope === 'keyId' ? `KEY ${name}` : 'ALL';
}

function uuidOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
